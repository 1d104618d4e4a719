import { decodePasskeyApproval, type Approver } from "@caladrius/wire";
import { describe, expect, it } from "vitest";
import {
  ADA,
  approvalOf,
  approverOf,
  BEN,
  foundConstitution,
  ORIGIN,
  RP_ID,
  signByPasskey,
  signStatement,
  testConstitution,
  testRelease,
  type PasskeyChange,
} from "../generate/test-approvals.ts";
import { testKey } from "../generate/test-keys.ts";
import { signatures } from "../signatures/node.ts";
import { signatures as noble } from "../signatures/noble.ts";
import { signatures as webcrypto } from "../signatures/webcrypto.ts";
import { verifyPasskey, type PasskeyFault } from "./passkey.ts";
import { verifyApprovals } from "./quorum.ts";

const { constitution, constitutionDigest } = foundConstitution();
const statement = testRelease();
const payload = approvalOf("release", constitutionDigest, statement, { person: "ben", role: "hospital" });
const ben: Approver = approverOf("ben", "hospital", BEN, { rpId: RP_ID, origins: [ORIGIN, "https://approve.example"] });
const text = (value: string): Uint8Array => new Uint8Array(Buffer.from(value));
const challenge = (
  JSON.parse(Buffer.from(decodePasskeyApproval(signByPasskey(payload, BEN)).clientDataJson).toString()) as Record<string, string>
)["challenge"];
const clientData = (more: string): Uint8Array =>
  text(`{"type":"webauthn.get","challenge":"${challenge ?? ""}","origin":"${ORIGIN}","crossOrigin":false${more}}`);
const faultOf = (change: PasskeyChange, approver: Approver = ben): Promise<PasskeyFault | null> =>
  verifyPasskey(decodePasskeyApproval(signByPasskey(payload, BEN, change)), approver, signatures);

describe("an approval by passkey", () => {
  it.each([
    ["node:crypto", signatures],
    ["WebCrypto", webcrypto],
    ["noble", noble],
  ])("verifies on %s", async (_, backend) => {
    expect(await verifyPasskey(decodePasskeyApproval(signByPasskey(payload, BEN)), ben, backend)).toBeNull();
    expect(await verifyPasskey(decodePasskeyApproval(signByPasskey(payload, ADA_P256)), ben, backend)).toBe(
      "the signature does not verify",
    );
  });

  it.each<[string, PasskeyChange]>([
    ["another of the constitution's origins", { clientData: { origin: "https://approve.example" } }],
    ["no word about crossOrigin, as older browsers say none", { clientData: { crossOrigin: undefined } }],
    ["members that browsers add", { clientData: { other_keys_can_be_added_here: "do not compare clientDataJSON against a template" } }],
    ["a passkey that stays on its device", { flags: 0x05 }],
    ["one that is backed up", { flags: 0x1d }],
  ])("verifies with %s", async (_, change) => {
    expect(await faultOf(change)).toBeNull();
  });

  it.each<[PasskeyFault, string, PasskeyChange]>([
    ["client data is not JSON, or has a key twice", "no JSON", { clientDataJson: text("{") }],
    ["client data is not JSON, or has a key twice", "bytes that are no UTF-8", { clientDataJson: Uint8Array.of(0x7b, 0xff, 0x7d) }],
    ["client data is not JSON, or has a key twice", "a byte order mark", { clientDataJson: text(`\ufeff{}`) }],
    ["client data is not JSON, or has a key twice", "a list", { clientDataJson: text("[]") }],
    ["client data is not JSON, or has a key twice", "null", { clientDataJson: text("null") }],
    ["client data is not JSON, or has a key twice", "a text", { clientDataJson: text('"webauthn.get"') }],
    ["client data is not JSON, or has a key twice", "the origin twice", { clientDataJson: clientData(`,"origin":"${ORIGIN}"`) }],
    ["client data is not JSON, or has a key twice", "a key twice, once escaped", { clientDataJson: clientData(`,"or\\u0069gin":"x"`) }],
    ["client data is not JSON, or has a key twice", "something behind it", { clientDataJson: clientData("} {") }],
    ["type is not webauthn.get", "a registration", { clientData: { type: "webauthn.create" } }],
    ["type is not webauthn.get", "a payment", { clientData: { type: "payment.get" } }],
    ["type is not webauthn.get", "no type", { clientData: { type: undefined } }],
    ["the challenge is not this approval's", "another challenge", { clientData: { challenge: "AAAA" } }],
    ["the challenge is not this approval's", "padding behind it", { clientData: { challenge: `${challenge ?? ""}=` } }],
    ["the challenge is not this approval's", "no challenge", { clientData: { challenge: undefined } }],
    ["the page's origin is not one of the constitution's", "another port", { clientData: { origin: "http://localhost:8470" } }],
    ["the page's origin is not one of the constitution's", "a longer name", { clientData: { origin: `${ORIGIN}.evil.example` } }],
    ["the page's origin is not one of the constitution's", "a slash behind it", { clientData: { origin: `${ORIGIN}/` } }],
    ["the page's origin is not one of the constitution's", "a list", { clientData: { origin: [ORIGIN] } }],
    ["the page's origin is not one of the constitution's", "no origin", { clientData: { origin: undefined } }],
    ["signed inside another site's page", "crossOrigin", { clientData: { crossOrigin: true } }],
    ["signed inside another site's page", "crossOrigin as a text", { clientData: { crossOrigin: "false" } }],
    ["signed inside another site's page", "topOrigin", { clientData: { topOrigin: ORIGIN } }],
    ["authenticator data is not 37 bytes without extensions", "an extension", { flags: 0x9d, more: Uint8Array.of(0xa0) }],
    ["authenticator data is not 37 bytes without extensions", "a byte more", { more: Uint8Array.of(0) }],
    ["authenticator data is not 37 bytes without extensions", "a new credential", { flags: 0x5d }],
    ["authenticator data is not 37 bytes without extensions", "the flag of extensions alone", { flags: 0x9d }],
    ["another relying party id", "another host", { rpId: "example.org" }],
    ["nobody was present", "no touch", { flags: 0x1c }],
    ["the user was not verified", "touch alone", { flags: 0x19 }],
    ["backed up and not backup eligible", "flags that contradict", { flags: 0x15 }],
    ["the signature does not verify", "a signature of zeros", { parts: { signature: new Uint8Array(64) } }],
  ])("is refused: %s (%s)", async (fault, _, change) => {
    expect(await faultOf(change)).toBe(fault);
  });

  it("is refused without authenticator data", async () => {
    const parts = { ...decodePasskeyApproval(signByPasskey(payload, BEN)), authenticatorData: new Uint8Array(0) };
    expect(await verifyPasskey(parts, ben, signatures)).toBe("authenticator data is not 37 bytes without extensions");
  });

  it("is refused of someone who has none", async () => {
    expect(await faultOf({}, { ...ben, passkey: null })).toBe("no passkey of the constitution");
  });

  it("is refused with any bit of it changed", async () => {
    const good = decodePasskeyApproval(signByPasskey(payload, BEN));
    for (const part of ["approval", "authenticatorData", "clientDataJson", "signature"] as const) {
      for (let i = 0; i < good[part].length; i++) {
        const bytes = good[part].with(i, (good[part][i] as number) ^ (1 << (i % 8)));
        expect(await verifyPasskey({ ...good, [part]: bytes }, ben, signatures)).not.toBeNull();
      }
    }
  });
});

describe("a quorum with passkeys", () => {
  const count = async (...approvals: Uint8Array[]): Promise<readonly { person: string; by: string }[]> =>
    (await verifyApprovals({ kind: "release", statement, constitution, constitutionDigest, approvals }, signatures)).approvedBy.map(
      ({ person, by }) => ({ person, by }),
    );

  it("counts both forms, each from whom it is due", async () => {
    const ada = approvalOf("release", constitutionDigest, statement, { person: "ada", role: "vendor" });
    expect(await count(signByPasskey(payload, BEN), signStatement("approval", ada, ADA))).toEqual([
      { person: "ada", by: "key" },
      { person: "ben", by: "passkey" },
    ]);
  });

  it("does not count a statement by the key of a passkey, nor a passkey's form by a key that is none", async () => {
    expect(await count(signStatement("approval", payload, BEN))).toEqual([]);
    const p256 = testConstitution({ approvers: [approverOf("ben", "hospital", BEN)] });
    const input = { kind: "release", statement, constitution: p256, constitutionDigest } as const;
    expect((await verifyApprovals({ ...input, approvals: [signByPasskey(payload, BEN)] }, signatures)).approvedBy).toEqual([]);
    expect((await verifyApprovals({ ...input, approvals: [signStatement("approval", payload, BEN)] }, signatures)).approvedBy).toHaveLength(
      1,
    );
  });

  it("does not count an assertion that was made for something else", async () => {
    const others = [
      approvalOf("release", constitutionDigest.with(0, 0), statement, { person: "ben", role: "hospital" }),
      approvalOf("release", constitutionDigest, testRelease({ notes: "another" }), { person: "ben", role: "hospital" }),
      approvalOf("bundle", constitutionDigest, statement, { person: "ben", role: "hospital" }),
      approvalOf("release", constitutionDigest, statement, { person: "ben", role: "insurer" }),
      approvalOf("release", constitutionDigest, statement, { person: "ada", role: "vendor" }),
    ];
    for (const other of others) {
      expect(await count(signByPasskey(other, BEN))).toEqual([]);
      const parts = decodePasskeyApproval(signByPasskey(other, BEN));
      expect(await count(signByPasskey(payload, BEN, { parts: { ...parts, approval: payload } }))).toEqual([]);
    }
  });

  it("counts no revoked key", async () => {
    const revokedKeys = new Set([Buffer.from(await crypto.subtle.digest("SHA-256", Buffer.from(ben.key.key))).toString("hex")]);
    const approvals = [signByPasskey(payload, BEN)];
    const input = { kind: "release", statement, constitution, constitutionDigest, approvals } as const;
    expect((await verifyApprovals(input, signatures)).approvedBy).toHaveLength(1);
    expect((await verifyApprovals({ ...input, revokedKeys }, signatures)).approvedBy).toEqual([]);
  });
});

const ADA_P256 = testKey("somebody else", "P-256");
