import { sign } from "node:crypto";
import {
  compareBytes,
  concatBytes,
  encodeCbor,
  encodeDisclosure,
  encodeIdentity,
  encodeStatement,
  identityCommitment,
  kmsCommitment,
  utf8Encode,
  type CborValue,
} from "@caladrius/wire";
import { concat, hex } from "../der.ts";
import { ed25519TestKey, signFixed, spkiOf, testKey } from "../test-keys.ts";
import { makeChain, NOW_MS, pcr, PCR4, RESULT_KEY, sha384 } from "../test-pki.ts";
import { CONSTITUTION_DIGEST, extended, IDENTITY, JOB_DIGEST, NONCE, POLICY_DIGEST, sha256, VALUES } from "../test-result.ts";
import { attested, attestedBytes, fileEntries, fileWith, goodFile, issuedAt, rawMap, resultTrust } from "./attested.ts";
import { HOUR_MS } from "./base.ts";
import { ARCHIVED, group, type Vector } from "./vector.ts";

const identity = encodeIdentity(IDENTITY);
const withPcrs = (change: Readonly<Record<number, Uint8Array>>): Map<number, CborValue> =>
  new Map(
    Object.entries({
      0: pcr(0x10),
      1: pcr(0x11),
      2: pcr(0x12),
      4: PCR4,
      16: extended(CONSTITUTION_DIGEST),
      17: extended(POLICY_DIGEST),
      ...change,
    }).map(([index, value]) => [Number(index), value]),
  );
const signed = (payload: Uint8Array): Uint8Array => new Uint8Array(sign(null, payload, RESULT_KEY));
const statement = (payload: Uint8Array): Uint8Array => encodeStatement("result", "Ed25519", payload, signed);
const withoutSummary = VALUES.filter(([name]) => name !== "alarm-summary");
const expecting = { jobDigest: JOB_DIGEST, nonce: NONCE, policyVersion: 3 };

/** Rule 41: a session's keys are bound to the evidence. */
const BINDING: readonly Vector[] = [
  ...group(
    "reject-41",
    {
      reason:
        "A genuine document says who the enclave is only if it commits to the keys in use. Otherwise it is relayed from another enclave.",
      source: "AWS attestation_process.md §2.2.2; CCC-Attestation/interoperable-ra-tls#15",
      expect: "identity-commitment",
    },
    [
      [
        "identity-other",
        "The evidence is genuine and commits to another enclave's identity.",
        () => attested({ fields: { user_data: sha384(identityCommitment(encodeIdentity({ ...IDENTITY, sequence: 1 }))) } }),
      ],
      ["identity-none", "The evidence commits to nothing: user_data is null.", () => attested({ fields: { user_data: null } })],
      [
        "identity-prefix",
        "user_data is the beginning of the commitment.",
        () => attested({ fields: { user_data: sha384(identityCommitment(identity)).slice(0, 32) } }),
      ],
      [
        "identity-longer",
        "user_data is the commitment and more.",
        () => attested({ fields: { user_data: concat(sha384(identityCommitment(identity)), hex("00")) } }),
      ],
      [
        "identity-as-nonce",
        "The commitment stands in nonce instead of user_data.",
        () => attested({ fields: { user_data: null, nonce: sha384(identityCommitment(identity)) } }),
      ],
      [
        "identity-bare-digest",
        "user_data is the digest of the identity without its purpose.",
        () => attested({ fields: { user_data: sha384(identity) } }),
      ],
      [
        "identity-joined",
        "user_data is the digest of purpose and identity joined without lengths.",
        () => attested({ fields: { user_data: sha384(utf8Encode("caladrius identity"), identity) } }),
        { source: "Dstack-TEE/dstack#554" },
      ],
      [
        "identity-for-kms",
        "user_data is the commitment that this enclave makes for KMS.",
        () => attested({ fields: { user_data: sha384(kmsCommitment(IDENTITY.bootId)) } }),
      ],
      [
        "public-key-own",
        "The evidence carries the result key as public_key, beside the right commitment.",
        () => attested({ fields: { public_key: spkiOf(RESULT_KEY) } }),
        { expect: "identity-public-key" },
      ],
      [
        "public-key-empty",
        "The evidence carries an empty public_key.",
        () => attested({ fields: { public_key: hex("") } }),
        { expect: "identity-public-key" },
      ],
      [
        "public-key-trailing",
        "The evidence carries a public_key with a byte behind its SubjectPublicKeyInfo.",
        () => attested({ fields: { public_key: concat(spkiOf(testKey("session")), hex("00")) } }),
        { expect: "identity-public-key" },
      ],
    ],
  ),
  ...group(
    "code",
    {
      reason: "What the identity says of constitution and policy must be what the enclave measured into PCR16 and PCR17.",
      source: "RFC 9334 §8.3; ARCHITECTURE §5",
      expect: "identity-constitution",
    },
    [
      [
        "constitution-other",
        "The identity names another constitution than PCR16 measures.",
        () => attested({ identity: { constitutionDigest: new Uint8Array(48).fill(0xcc) } }),
      ],
      [
        "policy-other",
        "The identity names another policy bundle than PCR17 measures.",
        () => attested({ identity: { policyDigest: new Uint8Array(48).fill(0xbb) } }),
        { expect: "identity-policy" },
      ],
      [
        "policy-extended-twice",
        "PCR17 was extended a second time.",
        () => attested({ fields: { pcrs: withPcrs({ 17: sha384(extended(POLICY_DIGEST), POLICY_DIGEST) }) } }),
        { expect: "identity-policy" },
      ],
      [
        "constitution-not-pinned",
        "The trust file does not pin PCR16.",
        () => attested({}, { trust: resultTrust({ pcrs: [{ 0: "10".repeat(48), 1: "11".repeat(48), 2: "12".repeat(48) }] }) }),
        { expect: "trust-pcr16-missing" },
      ],
      [
        "identity-not-identity",
        "The evidence commits to bytes that are no identity.",
        () => attested({ identityBytes: encodeCbor(["identity"]) }),
        { expect: "identity-form" },
      ],
      [
        "identity-trailing",
        "A byte follows the identity, and the evidence commits to both.",
        () => attested({ identityBytes: concat(identity, hex("00")) }),
        { expect: "identity-form", source: "Dstack-TEE/dstack#550; RFC 8949 §5.1" },
      ],
      [
        "identity-of-version-2",
        "The identity is of a later version.",
        () => attested({ identityBytes: encodeCbor(new Map([["v", 2]])) }),
        { expect: "identity-version" },
      ],
    ],
  ),
];

/** Result files that are refused for what stands in them. */
const REFUSED: readonly Vector[] = [
  ...group(
    "code",
    {
      reason: "A result file is one CBOR map in deterministic encoding. Anything else is another file with the same signatures.",
      source: "RFC 8949 §4.2.1, §5.1",
      expect: "result-file-form",
    },
    [
      ["file-empty", "The file is empty.", () => attestedBytes(hex(""))],
      ["file-document", "The file is an attestation document.", () => attestedBytes(goodFile().evidence)],
      ["file-trailing", "A byte follows the file.", () => attestedBytes(concat(fileWith({}), hex("00")))],
      ["file-key-order", "The parts stand in another order.", () => attestedBytes(concatBytes(...rawMap(fileEntries())))],
      [
        "file-part-twice",
        "The evidence stands twice.",
        () => attestedBytes(concatBytes(...rawMap([...fileEntries(), ["evidence", goodFile().evidence]]))),
      ],
      [
        "file-part-unknown",
        "There is a part that nobody knows.",
        () => attestedBytes(encodeCbor(new Map([...fileEntries(), ["verdict", "affirming"]]))),
      ],
      [
        "file-version-2",
        "The file is of a later version.",
        () => attestedBytes(encodeCbor(new Map<string, CborValue>([...fileEntries().slice(1), ["caladrius", 2]]))),
        { expect: "result-file-version" },
      ],
      [
        "file-receipt",
        "The file holds a receipt, which this version cannot verify.",
        () => attestedBytes(fileWith({ receipt: hex("a0") })),
        { expect: "result-file-unsupported", source: "project-oak/oak#4203" },
      ],
    ],
  ),
  ...group(
    "code",
    {
      reason: "The result must be signed, as a result, by the key that the evidence commits to.",
      source: "RFC 9052 §4.4; RFC 9864 §2.2; RFC 9596 §2",
      expect: "result-signature",
    },
    [
      [
        "result-other-key",
        "The result was signed with another key.",
        () =>
          attested({
            statement: (payload) =>
              encodeStatement(
                "result",
                "Ed25519",
                payload,
                (bytes) => new Uint8Array(sign(null, bytes, ed25519TestKey("another enclave"))),
              ),
          }),
      ],
      [
        "result-small-order-key",
        "The result key is of small order, under which one signature holds for every result.",
        () =>
          attested({
            identity: { resultKey: hex(`01${"00".repeat(31)}`) },
            statement: (payload) => encodeStatement("result", "Ed25519", payload, () => hex(`01${"00".repeat(63)}`)),
          }),
        { source: "RFC 8032 §8.4" },
      ],
      [
        "result-s-beyond-order",
        "s of the signature has the group order added.",
        () => attestedBytes(fileWith({ result: withOrderAdded(goodFile().result) })),
        { source: "RFC 8032 §5.1.7" },
      ],
      [
        "result-esp256",
        "The result is signed with ESP256 instead of Ed25519.",
        () =>
          attested({
            statement: (payload) =>
              encodeStatement("result", "ESP256", payload, (bytes) => signFixed(testKey("P-256", "P-256"), "sha256", bytes, "compact")),
          }),
        { expect: "result-kind" },
      ],
      [
        "result-of-other-kind",
        "The statement is a status, signed with the result key.",
        () => attested({ statement: (payload) => encodeStatement("status", "Ed25519", payload, signed) }),
        { expect: "result-kind" },
      ],
      [
        "result-not-statement",
        "The result is no statement.",
        () => attestedBytes(fileWith({ result: hex("80") })),
        { expect: "result-statement" },
      ],
      [
        "result-tagged",
        "The result carries tag 18.",
        () => attestedBytes(fileWith({ result: concat(hex("d2"), goodFile().result) })),
        { expect: "result-statement" },
      ],
      [
        "result-no-claims",
        "The statement is signed and holds no claims.",
        () => attested({ statement: () => statement(encodeCbor(new Map())) }),
        { expect: "result-claims" },
      ],
      [
        "result-other-identity",
        "The result names another identity.",
        () => attested({ claims: { identityDigest: new Uint8Array(48) } }),
        { expect: "result-identity" },
      ],
      [
        "result-other-constitution",
        "The result names another constitution.",
        () => attested({ claims: { constitutionDigest: new Uint8Array(48) } }),
        { expect: "result-constitution" },
      ],
      [
        "result-other-policy",
        "The result names another policy bundle.",
        () => attested({ claims: { policy: { digest: new Uint8Array(48), version: 3 } } }),
        { expect: "result-policy" },
      ],
      [
        "result-evidence-refused",
        "The evidence of the result has a trailing byte.",
        () => attestedBytes(fileWith({ evidence: concat(goodFile().evidence, hex("00")) })),
        { expect: "envelope-trailing-bytes" },
      ],
      [
        "result-evidence-other-root",
        "The evidence of the result stands under another root.",
        () => attested({ chain: makeChain((p) => (p.root.serial = hex("020155"))) }),
        { expect: "bundle-root" },
      ],
    ],
  ),
  ...group(
    "code",
    {
      reason: "A result comes after its evidence, soon, while the certificate was valid, and not from the future.",
      source: "RFC 8392 §3.1.6; RFC 9334 §10",
      expect: "result-interval",
    },
    [
      [
        "interval-turned",
        "The interval ends before it begins.",
        () => attested({ claims: { interval: { fromMs: NOW_MS + 60_002, toMs: NOW_MS + 60_001 } } }),
      ],
      ["interval-other-iat", "iat is not the end of the interval.", () => attested({ claims: { iat: NOW_MS / 1000 } })],
      [
        "result-before-evidence",
        "The result is one millisecond older than its evidence.",
        () => attested({ claims: issuedAt(NOW_MS - 1) }),
        { expect: "result-before-evidence" },
      ],
      [
        "result-after-evidence",
        "The result is an hour and a millisecond younger than its evidence.",
        () => attested({ claims: issuedAt(NOW_MS + HOUR_MS + 1) }),
        { expect: "result-after-evidence" },
      ],
      [
        "result-after-certificate",
        "The result is younger than the certificate of its evidence allows.",
        () => attested({ fields: { timestamp: NOW_MS + 1.5 * HOUR_MS }, claims: issuedAt(NOW_MS + 2.25 * HOUR_MS) }),
        { expect: "result-after-certificate" },
      ],
      [
        "result-future",
        "In live mode the result is a minute and a second ahead.",
        () => attested({ claims: issuedAt(NOW_MS + 120_000 + 60_001) }, { mode: "live" }),
        { expect: "result-future" },
      ],
    ],
  ),
  ...group(
    "code",
    {
      reason: "Who submitted a job knows its digest, its nonce and the policy version in force: a result for another job is refused.",
      source: "RFC 9711 §4.1; Layr-Labs/d-inference#802",
      expect: "result-job",
    },
    [
      [
        "job-other",
        "The caller expects the result of another job.",
        () => attested({}, { expect: { ...expecting, jobDigest: new Uint8Array(32) } }),
      ],
      [
        "nonce-of-other-request",
        "The caller expects another nonce in the result.",
        () => attested({}, { expect: { ...expecting, nonce: NONCE.with(0, 0) } }),
        { expect: "result-nonce" },
      ],
      [
        "policy-below-floor",
        "The caller expects at least version 4 of the policy bundle.",
        () => attested({}, { expect: { ...expecting, policyVersion: 4 } }),
        { expect: "result-policy-floor" },
      ],
      [
        "job-expected",
        "Job, nonce and policy version are what the caller expects.",
        () => attested({}, { expect: expecting }),
        { expect: ARCHIVED },
      ],
    ],
  ),
  ...group(
    "code",
    {
      reason:
        "A disclosure counts where its digest stands in the signed array, which is sorted, unique and padded so that its length tells little.",
      source: "RFC 9901 §7.1; OWASP/CheatSheetSeries#2332",
      expect: "disclosure-array",
    },
    [
      ["digests-unsorted", "The digests are not sorted.", () => attested({ digests: (all) => all.toReversed() })],
      [
        "digests-twice",
        "One digest stands twice.",
        () => attested({ digests: (all) => all.map((one, i) => (i === 1 ? (all[0] ?? one) : one)) }),
      ],
      [
        "digests-17",
        "There are 17 digests, which no padding gives.",
        () => attested({ digests: (all) => [...all, new Uint8Array(32).fill(0xff)] }),
      ],
      [
        "disclosure-added",
        "A disclosure was added that the result does not know.",
        () => attested({ disclose: (all) => [...all, encodeDisclosure(new Uint8Array(16), "purpose", "TREAT")] }),
        { expect: "disclosure-unknown" },
      ],
      [
        "disclosure-twice",
        "One disclosure stands twice.",
        () => attested({ disclose: (all) => [...all, all[0] ?? hex("")] }),
        { expect: "disclosure-duplicate" },
      ],
      [
        "disclosure-two-subjects",
        "Two disclosures name different subjects.",
        () =>
          attested({
            values: [
              ["subject", "a"],
              ["subject", "b"],
            ],
          }),
        { expect: "disclosure-duplicate" },
      ],
      [
        "disclosure-later",
        "A disclosure has a name that this version does not know.",
        () => attested({ digests: (all) => [...all.slice(1), sha256(LATER)].toSorted(compareBytes), disclose: () => [LATER] }),
        { expect: "disclosure-form" },
      ],
    ],
  ),
];

/** Result files that are accepted, and what is said of them. */
const ACCEPTED: readonly Vector[] = [
  ...group(
    "code",
    {
      reason: "The result is genuine. What a reader must know before relying on it stands in the reasons, the gravest first.",
      source: "draft-ietf-rats-ear; ARCHITECTURE §5",
      expect: ARCHIVED,
    },
    [
      ["result", "A result is judged at the time that its evidence states.", () => attested()],
      [
        "result-live",
        "A result is judged in live mode, two minutes after its evidence.",
        () => attested({}, { mode: "live" }),
        { expect: ["verified"] },
      ],
      [
        "result-nothing-disclosed",
        "Every disclosure was taken out.",
        () => attested({ disclose: () => [] }),
        { expect: ["alarm-summary-withheld", "time-not-proved"] },
      ],
      [
        "result-denied",
        "The enclave denied the job.",
        () =>
          attested({
            values: [
              ["denial", "consent-missing"],
              ["level", "full"],
            ],
          }),
        { expect: ["denied", "time-not-proved"] },
      ],
      [
        "result-status-stale",
        "The enclave answered without a status list in force.",
        () => attested({ claims: { statusListVersion: null, flags: { breakGlass: false, statusStale: true } } }),
        { expect: ["status-stale", "time-not-proved"] },
      ],
      [
        "result-break-glass",
        "Access was taken by a break-glass grant.",
        () => attested({ claims: { flags: { breakGlass: true, statusStale: false } } }),
        { expect: ["break-glass", "time-not-proved"] },
      ],
      [
        "result-every-reason",
        "Summary withheld, status stale and break-glass come together in live mode.",
        () => attested({ values: withoutSummary, claims: { flags: { breakGlass: true, statusStale: true } } }, { mode: "live" }),
        { expect: ["alarm-summary-withheld", "status-stale", "break-glass"] },
      ],
    ],
  ),
];

export const RESULTS: readonly Vector[] = [...BINDING, ...REFUSED, ...ACCEPTED];

/** [salt, name, value] under a name of the future. */
const LATER: Uint8Array = encodeCbor([new Uint8Array(16), "later", 1]);

/** The statement with the group order added to the s of its signature, which are its last 32 bytes. */
function withOrderAdded(bytes: Uint8Array): Uint8Array {
  const order = 2n ** 252n + 27742317777372353535851937790883648493n;
  const s = BigInt(`0x${Buffer.from(bytes.slice(-32).toReversed()).toString("hex")}`) + order;
  const more = Buffer.from(s.toString(16).padStart(64, "0"), "hex").toReversed();
  return concat(bytes.slice(0, -32), more);
}
