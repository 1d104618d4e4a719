import { describe, expect, it } from "vitest";
import { parseTrustAnchor } from "../evidence/anchor.ts";
import { readChain, type Chain } from "../evidence/chain.ts";
import { der, extension, hex, positive, utcTime } from "../generate/der.ts";
import { LIST_OID, listEntry, makeList, namesLists, type ListParts } from "../generate/test-crl.ts";
import { keyOf, makeChain, NOW_MS, OID, subjectOf, type CertificateParts, type Place } from "../generate/test-pki.ts";
import { signatures as noble } from "../signatures/noble.ts";
import { signatures } from "../signatures/node.ts";
import { signatures as webcrypto } from "../signatures/webcrypto.ts";
import { verifyRevocation, type RevocationReport } from "./verify-revocation.ts";

const DAY = 86_400_000;
const SERIAL = "5a00000000000000000000000000000000"; // of every authority of the test chain

function chainOf(edit: (parts: Record<Place, CertificateParts>) => void = () => {}): Chain {
  const { root, cabundle, certificate } = makeChain((parts) => {
    namesLists(parts);
    edit(parts);
  });
  return readChain(cabundle, certificate, [parseTrustAnchor(root)]);
}
const chain = chainOf();

/** The report, or the code and where it says the fault lies. */
async function outcome(crls: readonly Uint8Array[], of: Chain = chain, atMs = NOW_MS): Promise<RevocationReport | string> {
  return verifyRevocation(of, crls, atMs, signatures).catch(
    ({ code, subject }: { code: string; subject: string }) => `${code}: ${subject}`,
  );
}
const revoking = (dateMs: number, more: number | Uint8Array[] | null, serial: string = SERIAL): Uint8Array =>
  makeList("root", (list) => (list.entries = [listEntry("01", NOW_MS - DAY, 1), listEntry(serial, dateMs, more)]));

const REGIONAL = "regional certificate";
const ZONAL = "zonal certificate";
const both = [makeList("root"), makeList("regional")];

describe("coverage", () => {
  it("is complete when every certificate that names a distribution point is covered", async () => {
    expect(await outcome(both)).toEqual({ covered: [REGIONAL, ZONAL], complete: true });
    expect(await outcome(both.toReversed())).toEqual({ covered: [REGIONAL, ZONAL], complete: true });
    expect(await outcome([...both, ...both, makeList("zonal")])).toEqual({
      covered: [REGIONAL, ZONAL, "instance certificate"],
      complete: true,
    });
  });

  it("is not complete otherwise, and never without a list", async () => {
    expect(await outcome([])).toEqual({ covered: [], complete: false });
    expect(await outcome([makeList("root")])).toEqual({ covered: [REGIONAL], complete: false });
    expect(await outcome([makeList("regional")])).toEqual({ covered: [ZONAL], complete: false });
    const silent = chainOf((parts) => (parts.regional.extensions.pop(), parts.zonal.extensions.pop()));
    expect(await outcome([], silent)).toEqual({ covered: [], complete: false });
    expect(await outcome([makeList("zonal")], silent)).toEqual({ covered: ["instance certificate"], complete: true });
  });

  it("leaves lists of others aside: another name, or another key under the same name", async () => {
    const stranger = makeList("root", (list) => (list.issuer = subjectOf("root", "other.nitro-enclaves")));
    const rekeyed = makeList("root", (list) => {
      list.extensions = [extension(OID.authorityKeyIdentifier, false, der(0x30, der(0x80, new Uint8Array(20))))];
      list.entries = [listEntry(SERIAL, NOW_MS - DAY, 1)];
    });
    expect(await outcome([stranger, rekeyed])).toEqual({ covered: [], complete: false });
    expect(await outcome([stranger, rekeyed, ...both])).toMatchObject({ complete: true });
  });

  it("goes by the name where either side has no key identifier", async () => {
    const unnamed = makeList("root", (list) => (list.extensions = null));
    expect(await outcome([unnamed])).toMatchObject({ covered: [REGIONAL] });
    const { root, cabundle, certificate } = makeChain((parts) => {
      const without = (place: Place, oid: string): void => {
        parts[place].extensions = parts[place].extensions.filter((one) => !Buffer.from(one).includes(Buffer.from(hex(oid))));
      };
      without("zonal", OID.subjectKeyIdentifier);
      without("instance", OID.authorityKeyIdentifier);
    });
    const bare = readChain(cabundle, certificate, [parseTrustAnchor(root)]);
    expect(await outcome([makeList("zonal")], bare)).toMatchObject({ covered: ["instance certificate"] });
  });
});

describe("the time of a list", () => {
  const from = (thisMs: number, nextMs: number, edit: (list: ListParts) => void = () => {}): Uint8Array =>
    makeList("root", (list) => {
      list.thisUpdate = utcTime(thisMs);
      list.nextUpdate = utcTime(nextMs);
      edit(list);
    });

  it("must not have run out", async () => {
    expect(await outcome([from(NOW_MS - DAY, NOW_MS)])).toMatchObject({ covered: [REGIONAL] });
    expect(await outcome([from(NOW_MS - DAY, NOW_MS - 1000)])).toBe("crl-stale: revocation list 1, of the root certificate");
    expect(await outcome([makeList("regional"), from(NOW_MS - DAY, NOW_MS - 1000)])).toBe(
      "crl-stale: revocation list 2, of the root certificate",
    );
    expect(await outcome(both, chain, Number.NaN)).toContain("crl-stale");
  });

  it("may have run out where a current list of the same authority was given, and still revokes", async () => {
    const old = from(NOW_MS - DAY, NOW_MS - 1000);
    expect(await outcome([old, ...both])).toMatchObject({ complete: true });
    expect(await outcome([...both, old])).toMatchObject({ complete: true });
    const grave = from(NOW_MS - DAY, NOW_MS - 1000, (list) => (list.entries = [listEntry(SERIAL, NOW_MS - 2 * DAY, 1)]));
    expect(await outcome([...both, grave])).toBe(`chain-revoked: ${REGIONAL}`);
  });

  it("may be later than the time of verification", async () => {
    expect(await outcome([from(NOW_MS + 5 * DAY, NOW_MS + 9 * DAY)])).toMatchObject({ covered: [REGIONAL] });
  });

  it("does not cover a certificate that had expired before, since it may have been dropped", async () => {
    const end = chain.regional.notAfterMs;
    expect(await outcome([from(end, end + DAY)])).toMatchObject({ covered: [REGIONAL] });
    expect(await outcome([from(end + 1000, end + DAY)])).toEqual({ covered: [], complete: false });
    const listed = from(end + DAY, end + 2 * DAY, (list) => (list.entries = [listEntry(SERIAL, NOW_MS - DAY, 4)]));
    expect(await outcome([listed])).toBe(`chain-revoked: ${REGIONAL}`);
  });
});

describe("who signs a list", () => {
  it("may do so", async () => {
    expect(await outcome([makeList("instance")])).toBe("crl-issuer: revocation list 1, of the instance certificate");
    const signing = chainOf((parts) => {
      parts.instance.extensions = parts.instance.extensions.map((one) =>
        Buffer.from(one).includes(Buffer.from(hex(OID.keyUsage))) ? extension(OID.keyUsage, true, hex("03020106")) : one,
      );
    });
    expect(await outcome([makeList("instance")], signing)).toMatchObject({ covered: ["document certificate"] });
    const unknown: Chain = { ...chain, zonal: { ...chain.zonal, keyUsage: null } };
    expect(await outcome([makeList("zonal")], unknown)).toBe("crl-issuer: revocation list 1, of the zonal certificate");
  });

  it("has the key of the chain", async () => {
    const forged = makeList("root", (list) => (list.signer = keyOf("zonal")));
    expect(await outcome([...both, forged])).toBe("crl-signature: revocation list 3, of the root certificate");
  });

  it("is asked before the list is believed", async () => {
    const forged = makeList("root", (list) => {
      list.signer = keyOf("zonal");
      list.entries = [listEntry(SERIAL, NOW_MS - DAY, 1)];
      list.nextUpdate = utcTime(NOW_MS - 1);
    });
    expect(await outcome([forged])).toContain("crl-signature");
  });

  it.each([
    ["WebCrypto", webcrypto],
    ["noble", noble],
  ])("is seen alike by %s", async (_, backend) => {
    expect(await verifyRevocation(chain, both, NOW_MS, backend)).toEqual({ covered: [REGIONAL, ZONAL], complete: true });
    const forged = makeList("root", (list) => (list.signer = keyOf("zonal")));
    await expect(verifyRevocation(chain, [forged], NOW_MS, backend)).rejects.toMatchObject({ code: "crl-signature" });
  });

  it("is seen on the bytes as they were given", async () => {
    const bytes = makeList("root");
    const pending = verifyRevocation(chain, [bytes], NOW_MS, webcrypto);
    bytes.fill(0);
    expect(await pending).toMatchObject({ covered: [REGIONAL] });
  });

  it("refuses every flipped bit", async () => {
    const list = revoking(NOW_MS + DAY, 4);
    for (let bit = 0; bit < list.length * 8; bit++) {
      const flipped = list.with(bit >> 3, (list[bit >> 3] ?? 0) ^ (1 << (bit & 7)));
      const answer = await outcome([flipped]);
      // in the issuer's name or key identifier it becomes a list of somebody else
      if (typeof answer === "string") expect(answer).toMatch(/^(crl-form|crl-extension|crl-signature): /);
      else expect(answer).toEqual({ covered: [], complete: false });
    }
  });
});

describe("a listed certificate", () => {
  const revoked = `chain-revoked: ${REGIONAL}`;
  const fine = { covered: [REGIONAL], complete: false };

  it.each<[string, number | Uint8Array[] | null, "now" | "always"]>([
    ["no reason", null, "always"],
    ["unspecified", 0, "always"],
    ["keyCompromise", 1, "always"],
    ["cACompromise", 2, "always"],
    ["affiliationChanged", 3, "now"],
    ["superseded", 4, "now"],
    ["cessationOfOperation", 5, "now"],
    ["certificateHold", 6, "always"],
    ["privilegeWithdrawn", 9, "now"],
    ["aACompromise", 10, "always"],
    ["an unknown extension alone", [extension("551d17", false, hex("06032a0304"))], "always"],
    [
      "superseded with an invalidity date",
      [
        extension(LIST_OID.reasonCode, false, hex("0a0104")),
        extension(LIST_OID.invalidityDate, false, hex("180f32303235303130313030303030305a")),
      ],
      "always",
    ],
  ])("for %s is refused from its date on, or always", async (_, reason, from) => {
    expect(await outcome([revoking(NOW_MS - 1000, reason)])).toBe(revoked);
    expect(await outcome([revoking(NOW_MS, reason)])).toBe(revoked);
    expect(await outcome([revoking(NOW_MS + 1000, reason)])).toEqual(from === "always" ? revoked : fine);
    expect(await outcome([revoking(NOW_MS + 1000, reason)], chain, Number.NaN)).toBe(revoked);
  });

  it("is found by issuer and serial number", async () => {
    expect(await outcome([revoking(NOW_MS - DAY, 1, "5a00000000000000000000000000000001")])).toEqual(fine);
    expect(await outcome([revoking(NOW_MS - DAY, 1, SERIAL.slice(0, -2))])).toEqual(fine);
    expect(await outcome([makeList("regional", (list) => (list.entries = [listEntry(SERIAL, NOW_MS - DAY, 1)]))])).toBe(
      `chain-revoked: ${ZONAL}`,
    );
    const high = chainOf((parts) => (parts.regional.serial = positive(hex("9175681b90afe11d46ccb4e4e7f856aa"))));
    expect(await outcome([revoking(NOW_MS - DAY, 1, "9175681b90afe11d46ccb4e4e7f856aa")], high)).toBe(revoked);
  });

  it("is refused when any of several entries counts", async () => {
    const twice = (reasons: number[]): Uint8Array =>
      makeList("root", (list) => (list.entries = reasons.map((reason) => listEntry(SERIAL, NOW_MS + DAY, reason))));
    expect(await outcome([twice([4, 1])])).toBe(revoked);
    expect(await outcome([twice([1, 4])])).toBe(revoked);
    expect(await outcome([twice([4, 5])])).toEqual(fine);
  });

  it("is named with reason and date", async () => {
    await expect(verifyRevocation(chain, [revoking(NOW_MS - DAY, 1)], NOW_MS, signatures)).rejects.toMatchObject({
      expected: "not in revocation list 1",
      actual: "keyCompromise, revoked 2026-02-28T12:00:00.000Z",
    });
  });
});
