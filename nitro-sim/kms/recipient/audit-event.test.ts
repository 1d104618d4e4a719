import { toBase64 } from "@caladrius/wire";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { auditEvent, type AuditedCall } from "./audit-event.ts";

const KEY = "arn:aws:kms:sim-local-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
const ROLE = "arn:aws:sts::111122223333:assumed-role/enclave/i-0123456789abcdef0";
const pcr = (fill: number): Uint8Array => new Uint8Array(48).fill(fill);
const call = (change: Partial<AuditedCall> = {}): AuditedCall => ({
  operation: "Decrypt",
  timeMs: Date.UTC(2026, 10, 21, 10, 0, 0, 999),
  region: "sim-local-1",
  accountId: "111122223333",
  principal: { arn: "arn:aws:iam::111122223333:user/staff/alice", accessKeyId: "AKIAEXAMPLE" },
  sourceIPAddress: "127.0.0.1",
  userAgent: "aws-sdk-js/3",
  request: { KeyId: KEY, EncryptionContext: { fleet: "icu", epoch: "1" }, CiphertextBlob: "c2VjcmV0" },
  keys: [KEY],
  recipient: null,
  error: null,
  requestId: "b4a65126-30d5-4b28-98b9-9153da559963",
  eventId: "e5a2f202-ba1a-467c-b4ba-f729d45ae521",
  ...change,
});
const attested = {
  moduleId: "i-0123456789abcdef0-enc0123456789abcdef",
  pcrs: new Map([
    [16, pcr(9)],
    [0, pcr(1)],
    [1, pcr(2)],
    [2, pcr(3)],
    [3, pcr(0)],
    [4, pcr(4)],
    [5, pcr(0)],
    [8, pcr(0)],
  ] as const),
};

describe("auditEvent", () => {
  it("writes a record of CloudTrail's members in CloudTrail's order", () => {
    const request = { ...call().request, Recipient: { KeyEncryptionAlgorithm: "RSAES_OAEP_SHA_256", AttestationDocument: "hEShATgi" } };
    const event = auditEvent(call({ request, recipient: attested }));
    expect(JSON.stringify(event)).toBe(
      JSON.stringify({
        eventVersion: "1.08",
        userIdentity: {
          type: "IAMUser",
          principalId: event.userIdentity.principalId,
          arn: "arn:aws:iam::111122223333:user/staff/alice",
          accountId: "111122223333",
          accessKeyId: "AKIAEXAMPLE",
          userName: "alice",
        },
        eventTime: "2026-11-21T10:00:00Z",
        eventSource: "kms.amazonaws.com",
        eventName: "Decrypt",
        awsRegion: "sim-local-1",
        sourceIPAddress: "127.0.0.1",
        userAgent: "aws-sdk-js/3",
        requestParameters: {
          keyId: KEY,
          encryptionContext: { fleet: "icu", epoch: "1" },
          encryptionAlgorithm: "SYMMETRIC_DEFAULT",
          recipient: { keyEncryptionAlgorithm: "RSAES_OAEP_SHA_256" },
        },
        responseElements: null,
        additionalEventData: {
          recipient: {
            attestationDocumentModuleId: "i-0123456789abcdef0-enc0123456789abcdef",
            attestationDocumentEnclaveImageDigest: toBase64(pcr(1)),
            attestationDocumentEnclavePCR1: toBase64(pcr(2)),
            attestationDocumentEnclavePCR2: toBase64(pcr(3)),
            attestationDocumentEnclavePCR3: toBase64(pcr(0)),
            attestationDocumentEnclavePCR4: toBase64(pcr(4)),
            attestationDocumentEnclavePCR8: toBase64(pcr(0)),
            attestationDocumentEnclavePCR16: toBase64(pcr(9)),
          },
        },
        requestID: "b4a65126-30d5-4b28-98b9-9153da559963",
        eventID: "e5a2f202-ba1a-467c-b4ba-f729d45ae521",
        readOnly: true,
        resources: [{ accountId: "111122223333", type: "AWS::KMS::Key", ARN: KEY }],
        eventType: "AwsApiCall",
        managementEvent: true,
        recipientAccountId: "111122223333",
        eventCategory: "Management",
      }),
    );
  });

  it("has no additional data where no document was verified, and null where nothing was asked", () => {
    const event = auditEvent(call({ operation: "GenerateRandom", request: {}, keys: [] }));
    expect(event).toMatchObject({ requestParameters: null, resources: [], readOnly: true });
    expect(Object.keys(event)).not.toContain("additionalEventData");
    expect(Object.keys(event)).not.toContain("errorCode");
  });

  it.each([
    ["AccessDeniedException", "AccessDenied"],
    ["IncorrectKeyException", "IncorrectKeyException"],
    ["ValidationException", "ValidationException"],
  ])("records %s as %s", (type, errorCode) => {
    expect(auditEvent(call({ error: { type, message: "no" } }))).toMatchObject({ errorCode, errorMessage: "no" });
  });

  it("tells calls that change something", () => {
    for (const operation of ["CreateKey", "PutKeyPolicy", "ScheduleKeyDeletion", "UpdateAlias", "RotateKeyOnDemand"])
      expect(auditEvent(call({ operation })).readOnly).toBe(false);
    for (const operation of ["Encrypt", "GenerateDataKey", "GenerateDataKeyPair", "Sign", "GetKeyPolicy", "ReEncrypt"])
      expect(auditEvent(call({ operation })).readOnly).toBe(true);
  });

  it("says whose session a role's is", () => {
    const { userIdentity } = auditEvent(call({ principal: { arn: ROLE, accessKeyId: "ASIAEXAMPLE" } }));
    const { principalId } = userIdentity.sessionContext!.sessionIssuer;
    expect(principalId).toMatch(/^AROA[0-9A-F]{17}$/);
    expect(userIdentity).toEqual({
      type: "AssumedRole",
      principalId: `${principalId}:i-0123456789abcdef0`,
      arn: ROLE,
      accountId: "111122223333",
      accessKeyId: "ASIAEXAMPLE",
      sessionContext: {
        sessionIssuer: {
          type: "Role",
          principalId,
          arn: "arn:aws:iam::111122223333:role/enclave",
          accountId: "111122223333",
          userName: "enclave",
        },
      },
    });
  });

  it.each([
    ["arn:aws:iam::111122223333:root", "Root", "111122223333"],
    ["arn:aws:sts::111122223333:federated-user/bob", "FederatedUser", "111122223333:bob"],
  ])("knows %s", (arn, type, principalId) => {
    expect(auditEvent(call({ principal: { arn, accessKeyId: "AKIA" } })).userIdentity).toMatchObject({ type, principalId });
  });

  it("never holds what a request has to keep secret", () => {
    const secret = "U2VjcmV0U2VjcmV0U2VjcmV0";
    const names = [
      "Plaintext",
      "CiphertextBlob",
      "Message",
      "Signature",
      "PublicKey",
      "GrantTokens",
      "ImportToken",
      "Unknown",
      "__proto__",
    ];
    const places = [...names, "KeyId", "NumberOfBytes", "EncryptionContext", "Recipient"];
    const nests = [
      (value: unknown) => [value],
      (value: unknown) => ({ Plaintext: value }),
      (value: unknown) => ({ deeper: { Plaintext: value } }),
      (value: unknown) => ({ AttestationDocument: value }),
    ];
    fc.assert(
      fc.property(
        fc.constantFrom(...places),
        fc.constantFrom(...nests),
        fc.constantFrom("Decrypt", "Sign", "Encrypt"),
        (name, nest, operation) => {
          // A context is no secret, and KeyId is a name: only their own plain form is taken over
          const value = names.includes(name) ? secret : nest(name === "EncryptionContext" ? [secret] : secret);
          const request = Object.fromEntries([[name, value]]);
          expect(JSON.stringify(auditEvent(call({ operation, request, recipient: attested })))).not.toContain(secret);
        },
      ),
      { numRuns: 200 },
    );
  });

  it("keeps keys of a context that JavaScript knows, and never changes an object's kind", () => {
    const EncryptionContext = JSON.parse('{"__proto__": "a", "constructor": "b"}') as Record<string, string>;
    const event = auditEvent(call({ request: { EncryptionContext } }));
    expect(JSON.stringify(event.requestParameters)).toContain('{"__proto__":"a","constructor":"b"}');
  });

  it("writes what could act on a terminal or a line of a log so that it is seen", () => {
    const event = auditEvent(call({ userAgent: "a\n\u001B[2J\u202Eb\\\u2028\uD800", request: { KeyId: "\u0000x" } }));
    expect(event.userAgent).toBe("a\\u{a}\\u{1b}[2J\\u{202e}b\\\\\\u{2028}\\u{d800}");
    expect(event.requestParameters).toMatchObject({ keyId: "\\u{0}x" });
  });

  it("stays below a megabyte with every member as long as a body allows", () => {
    const long = "\u0000".repeat(100_000);
    const context = Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`\u0000${i}`, ""]));
    const names = ["KeyId", "Policy", "Description", "AliasName", "SigningAlgorithm", "KeySpec", "KeyUsage", "TargetKeyId", "PolicyName"];
    const contexts = ["EncryptionContext", "SourceEncryptionContext", "DestinationEncryptionContext"];
    const request = Object.fromEntries([...names.map((name) => [name, long]), ...contexts.map((name) => [name, context])] as [
      string,
      unknown,
    ][]);
    const line = JSON.stringify(auditEvent(call({ request, userAgent: long, error: { type: long, message: long } })));
    expect(line.length).toBeGreaterThan(100_000);
    expect(line.length).toBeLessThan(1_000_000);
  });

  it("is one line without controls, whatever the caller sends", () => {
    const text = fc.string({ unit: "binary", maxLength: 60 });
    const member = fc.oneof(text, fc.dictionary(text, text, { maxKeys: 3 }), fc.integer(), fc.constant(null));
    const request = fc.record({ KeyId: member, EncryptionContext: member, Recipient: fc.record({ KeyEncryptionAlgorithm: member }) });
    const made = fc.record({ userAgent: text, sourceIPAddress: text, operation: text, request, message: text });
    fc.assert(
      fc.property(made, ({ message, ...rest }) => {
        const line = JSON.stringify(auditEvent(call({ ...rest, error: { type: "ValidationException", message } })));
        expect(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(line)).toBe(false);
      }),
      { numRuns: 200 },
    );
  });
});
