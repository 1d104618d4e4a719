import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ascii, concat, der, extension, hex, utcTime } from "../generate/der.ts";
import { LIST_OID, listEntry, makeList, type ListParts } from "../generate/test-crl.ts";
import { NOW_MS, OID } from "../generate/test-pki.ts";
import { MAX_LIST_BYTES, readCertificateList } from "./certificate-list.ts";
import { findRevocation, type Revocation } from "./find-revocation.ts";

type Edit = (list: ListParts) => void;
const SERIAL = "5a00000000000000000000000000000000";
const DAY = 86_400_000;

function read(bytes: Uint8Array, serial: string = SERIAL): Revocation | null {
  return findRevocation(readCertificateList(bytes, "list"), hex(serial), NOW_MS);
}

function outcome(bytes: Uint8Array): string {
  try {
    const found = read(bytes);
    return found === null ? "not listed" : found.reason;
  } catch (error) {
    return (error as { code: string }).code;
  }
}
const outcomeOf = (edit: Edit): string => outcome(makeList("root", edit));
const entries =
  (...of: Uint8Array[]): Edit =>
  (list) =>
    (list.entries = of);
const entry = (...parts: Uint8Array[]): Edit => entries(der(0x30, ...parts));
const withExtensions = (...of: Uint8Array[]): Edit => entries(listEntry("07", NOW_MS, of));
const reason = (critical: boolean, value: string): Uint8Array => extension(LIST_OID.reasonCode, critical, hex(value));
const listNumber =
  (value: string): Edit =>
  (list) =>
    (list.extensions = [extension(LIST_OID.listNumber, false, hex(value))]);
const added =
  (one: Uint8Array): Edit =>
  (list) => (list.extensions?.push(one), list);
const time = (text: string, tag = 0x17): Uint8Array => der(tag, ascii(text));
const DATE = utcTime(NOW_MS);
const SEVEN = hex("020107");
const bare = (id: string): Uint8Array => extension(id, false, hex("0500"));

describe("a revocation list", () => {
  it("is read with and without entries and extensions", () => {
    expect(outcomeOf(() => {})).toBe("not listed");
    expect(outcomeOf((list) => (list.extensions = null))).toBe("not listed");
    expect(outcomeOf(entries(listEntry("07", NOW_MS)))).toBe("not listed");
    expect(outcomeOf(entries(listEntry("07", NOW_MS), listEntry(SERIAL, NOW_MS, 4), listEntry("08", NOW_MS, 1)))).toBe("superseded");
    expect(outcomeOf((list) => (entries(listEntry(SERIAL, NOW_MS))(list), (list.extensions = null)))).toBe("unspecified");
  });

  it.each<[string, Edit]>([
    ["a list number of zero", listNumber("020100")],
    ["a list number of 20 bytes with a high bit", listNumber(`021500ff${"00".repeat(19)}`)],
    ["a critical list number", (list) => (list.extensions = [extension(LIST_OID.listNumber, true, hex("020101"))])],
    ["an unknown extension that is not critical", added(bare("551d2e"))],
    ["an unknown extension of another arc", added(bare("2a0304"))],
    ["sixteen extensions", withExtensions(...Array.from({ length: 16 }, (_, n) => bare(`2a03${(n + 10).toString(16).padStart(2, "0")}`)))],
    ["a serial number of 20 bytes with a high bit", entry(hex(`021500ff${"00".repeat(19)}`), DATE)],
    ["a critical reason code", withExtensions(reason(true, "0a0101"))],
    ["updates at one time", (list) => (list.nextUpdate = list.thisUpdate)],
  ])("may have %s", (_, edit) => {
    expect(outcomeOf(edit)).toBe("not listed");
  });

  it.each<[string, Edit]>([
    ["of version 1", (list) => (list.version = hex(""))],
    ["that says version 1", (list) => (list.version = hex("020100"))],
    ["of version 3", (list) => (list.version = hex("020102"))],
    ["with a padded version", (list) => (list.version = hex("02020001"))],
    ["with SHA-256 inside", (list) => (list.innerAlgorithm = hex("300a06082a8648ce3d040302"))],
    ["with SHA-256 outside", (list) => (list.outerAlgorithm = hex("300a06082a8648ce3d040302"))],
    ["with parameters of its algorithm", (list) => (list.innerAlgorithm = hex("300c06082a8648ce3d0403030500"))],
    ["without an issuer", (list) => (list.issuer = hex(""))],
    ["without next update", (list) => (list.nextUpdate = hex(""))],
    ["without next update, before entries", (list) => ((list.nextUpdate = hex("")), entries(listEntry("07", NOW_MS))(list))],
    ["with GeneralizedTime", (list) => (list.nextUpdate = time("20260308120000Z", 0x18))],
    ["with a day that does not exist", (list) => (list.thisUpdate = time("260230120000Z"))],
    ["without the Z", (list) => (list.thisUpdate = time("2602011200000"))],
    ["whose next update lies before this update", (list) => (list.nextUpdate = utcTime(NOW_MS - 2 * DAY))],
    ["with an empty list of entries", entries(hex(""))],
    ["with entries in a SET", (list) => (list.tbsTail = der(0x31, listEntry("07", NOW_MS)))],
    ["with extensions before its entries", (list) => ((list.tbsTail = der(0x30, listEntry("07", NOW_MS))), list)],
    ["with extensions twice", (list) => (list.tbsTail = der(0xa0, der(0x30, bare("551d2e"))))],
    ["with bytes behind its extensions", (list) => (list.tbsTail = hex("0500"))],
    ["with an empty list of extensions", (list) => (list.extensions = [])],
    ["with bytes behind the list", (list) => (list.finish = (bytes) => concat(bytes, hex("00")))],
    ["with bytes behind its signature", (list) => (list.finish = (bytes) => longer(bytes, hex("0500")))],
    ["that is PEM", (list) => (list.finish = (bytes) => ascii(`-----BEGIN X509 CRL-----\n${Buffer.from(bytes).toString("base64")}`))],
    ["of indefinite length", (list) => (list.finish = (bytes) => concat(hex("3080"), bytes.subarray(4), hex("0000")))],
    ["with a longer length than needed", (list) => (list.finish = (bytes) => concat(hex("308300"), bytes.subarray(2)))],
    ["with a length of four bytes", (list) => (list.finish = (bytes) => concat(hex("30840000"), bytes.subarray(2)))],
    ["with a declared length of 16 MiB", (list) => (list.finish = (bytes) => concat(hex("3083ffffff"), bytes.subarray(4)))],
    ["with a length that is cut off", (list) => (list.finish = () => hex("30830100"))],
    ["with unused bits in its signature", (list) => (list.finishSignature = (bits) => bits.with(0, 1))],
    ["with a raw signature", (list) => (list.finishSignature = () => new Uint8Array(97))],
    ["with r = 0", (list) => (list.finishSignature = () => hex("003006020100020101"))],
    ["with s of 49 bytes", (list) => (list.finishSignature = () => concat(hex("0030360201010231"), new Uint8Array(49).fill(1)))],
    ["with bytes behind r and s", (list) => (list.finishSignature = (bits) => concat(bits, hex("00")))],
    ["with a negative list number", listNumber("0201ff")],
    ["with a padded list number", listNumber("02020001")],
    ["with an empty list number", listNumber("0200")],
    ["with a list number of 21 bytes", listNumber(`0215${"11".repeat(21)}`)],
    ["with bytes behind the list number", listNumber("0201010500")],
    [
      "with a key identifier in another form",
      (list) => (list.extensions = [extension(OID.authorityKeyIdentifier, false, hex("30038201ff"))]),
    ],
    ["with a key identifier twice", (list) => list.extensions?.push(list.extensions[0] ?? hex(""))],
    ["with an unknown extension twice", (list) => list.extensions?.push(bare("2a0304"), bare("2a0305"), bare("2a0304"))],
    ["with criticality spelt out as false", (list) => list.extensions?.push(der(0x30, hex("06032a0304"), hex("010100"), hex("04020500")))],
    ["with criticality that is 01", (list) => list.extensions?.push(der(0x30, hex("06032a0304"), hex("010101"), hex("04020500")))],
    [
      "with seventeen extensions",
      withExtensions(...Array.from({ length: 17 }, (_, n) => bare(`2a03${(n + 10).toString(16).padStart(2, "0")}`))),
    ],
    ["with a serial number of zero", entry(hex("020100"), DATE)],
    ["with a negative serial number", entry(hex("0201ff"), DATE)],
    ["with a padded serial number", entry(hex("02020007"), DATE)],
    ["with a lone sign byte before a low one", entry(hex("0203000001"), DATE)],
    ["with an empty serial number", entry(hex("0200"), DATE)],
    ["with an entry that is an empty serial number", entry(hex("0200"))],
    ["with a sign byte alone", entry(hex("0201"), hex("00"))],
    ["with lengths that are cut off", entries(hex("308201"))],
    ["with short lengths that are cut off", entries(hex("3081"))],
    ["with long lengths that are cut off", entries(hex("308301"))],
    ["with an entry that has no length", entries(hex("30"))],
    ["with a serial number of 21 bytes", entry(hex(`0215${"11".repeat(21)}`), DATE)],
    ["with a serial number of 21 bytes and a sign byte", entry(hex(`021600${"ff".repeat(21)}`), DATE)],
    ["with an entry without a date", entry(SEVEN)],
    ["with an entry of GeneralizedTime", entry(SEVEN, time("20260301120000Z", 0x18))],
    ["with an entry of a time that does not exist", entry(SEVEN, time("260301240000Z"))],
    ["with an empty entry", entry()],
    ["with an entry without extensions in its list of them", withExtensions()],
    ["with bytes behind an entry's extensions", entry(SEVEN, DATE, der(0x30, reason(false, "0a0101")), hex("0500"))],
    ["with a reason that does not exist", withExtensions(reason(false, "0a0107"))],
    ["with a reason of delta lists", withExtensions(reason(false, "0a0108"))],
    ["with a reason beyond the last", withExtensions(reason(false, "0a010b"))],
    ["with an empty reason", withExtensions(reason(false, "0a00"))],
    ["with a reason of two bytes", withExtensions(reason(false, "0a020001"))],
    ["with a reason that is an INTEGER", withExtensions(reason(false, "020101"))],
    ["with bytes behind the reason", withExtensions(reason(false, "0a010100"))],
    ["with a reason twice", withExtensions(reason(false, "0a0101"), reason(false, "0a0104"))],
    ["with an entry that ends beyond the list", entries(concat(listEntry("07", NOW_MS), hex("3014020108")))],
  ])("%s is malformed", (_, edit) => {
    expect(outcomeOf(edit)).toBe("crl-form");
  });

  it.each<[string, Edit]>([
    ["an unknown critical extension", added(extension("551d2e", true, hex("0500")))],
    ["a critical extension of another arc", added(extension("2a0304", true, hex("0500")))],
    ["an issuing distribution point", added(extension(LIST_OID.issuingDistributionPoint, true, hex("3003810100")))],
    ["an issuing distribution point that is not critical", added(extension(LIST_OID.issuingDistributionPoint, false, hex("3000")))],
    ["a delta list indicator", added(extension(LIST_OID.deltaListIndicator, true, hex("020101")))],
    ["a delta list indicator that is not critical", added(extension(LIST_OID.deltaListIndicator, false, hex("020101")))],
    ["a certificate issuer in an entry", withExtensions(extension(LIST_OID.certificateIssuer, true, hex("3000")))],
    ["a certificate issuer in an entry that is not critical", withExtensions(extension(LIST_OID.certificateIssuer, false, hex("3000")))],
    ["an unknown critical extension in an entry", withExtensions(extension("551d17", true, hex("0500")))],
    ["a reason in place of a list number", added(extension(LIST_OID.reasonCode, true, hex("0a0101")))],
  ])("with %s is not for this profile", (_, edit) => {
    expect(outcomeOf(edit)).toBe("crl-extension");
  });

  it("has at most 4 MiB", () => {
    expect(outcome(new Uint8Array(0))).toBe("crl-form");
    expect(outcome(new Uint8Array(MAX_LIST_BYTES + 1))).toBe("crl-form");
    const fill = listEntry("07", NOW_MS, [extension("2a0304", false, new Uint8Array(65_000))]);
    const full = makeList("root", (list) => (list.entries = Array.from({ length: 64 }, () => fill)));
    expect(full.length).toBeGreaterThan(MAX_LIST_BYTES * 0.99);
    expect(outcome(full)).toBe("not listed");
  });

  it("uses each length form from its first number on", () => {
    for (const bytes of [0x7f, 0x80, 0xff, 0x100, 0xffff, 0x10000]) {
      const value = new Uint8Array(bytes);
      expect(outcomeOf(withExtensions(extension("2a0304", false, value)))).toBe("not listed");
    }
    const long = (head: string, bytes: number): Edit =>
      entry(SEVEN, DATE, der(0x30, der(0x30, hex("06032a0304"), concat(hex(head), new Uint8Array(bytes)))));
    expect(outcomeOf(long("04820100", 0x100))).toBe("not listed");
    expect(outcomeOf(long("0483010000", 0x10000))).toBe("not listed");
    expect(outcomeOf(long("048200ff", 0xff))).toBe("crl-form");
    expect(outcomeOf(long("048300ffff", 0xffff))).toBe("crl-form");
    expect(outcomeOf(long("048400010000", 0x10000))).toBe("crl-form");
  });
});

describe("a long list", () => {
  const serial = (n: number): string => `5b${n.toString(16).padStart(30, "0")}`;
  const long = makeList("root", (list) => (list.entries = Array.from({ length: 100_000 }, (_, n) => listEntry(serial(n), NOW_MS))));

  it("is walked in bounded time, and leaves nothing behind", () => {
    expect(long.length).toBeGreaterThan(3_500_000);
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    expect(read(long, serial(99_999))).toEqual({ reason: "unspecified", dateMs: NOW_MS });
    collect();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    const begun = processorMs();
    const held = [read(long, serial(99_999)), read(long, serial(100_000)), readCertificateList(long, "list")];
    const took = processorMs() - begun;
    collect();
    const after = process.memoryUsage();
    expect(held).toHaveLength(3);
    expect(took).toBeLessThan(5000); // 0.1 to 0.3 s as a rule
    expect(after.heapUsed - heapUsed).toBeLessThan(1_000_000); // ten bytes an entry would be seen
    expect(after.arrayBuffers - arrayBuffers).toBeLessThan(100_000);
  });

  it("may be made of extensions", () => {
    const most = der(0x30, ...Array.from({ length: 16 }, (_, n) => der(0x30, der(0x06, Uint8Array.of(n)), hex("0400"))));
    const list = makeList("root", (parts) => (parts.entries = Array.from({ length: 30_000 }, () => der(0x30, SEVEN, DATE, most))));
    const begun = processorMs();
    expect(outcome(list)).toBe("not listed");
    expect(processorMs() - begun).toBeLessThan(10_000); // 0.3 to 0.6 s as a rule
  });
});

describe("hostile bytes", () => {
  const good = makeList("root", entries(listEntry("07", NOW_MS, 1), listEntry(SERIAL, NOW_MS, [reason(false, "0a0104"), bare("2a0304")])));
  const ends = /^(not listed|[a-z]+[A-Za-z]+|crl-form|crl-extension)$/;

  it("end in a code when cut off anywhere", () => {
    for (let length = 0; length < good.length; length++) expect(outcome(good.subarray(0, length))).toBe("crl-form");
  });

  it("end in a code for any bytes", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 512 }), (bytes) => void expect(outcome(bytes)).toBe("crl-form")));
  });

  it("end in a code, or are a list, when bytes of one are replaced, removed, doubled or moved", () => {
    const range = fc.tuple(fc.nat(good.length), fc.nat(good.length), fc.nat(good.length)).map((three) => three.toSorted((a, b) => a - b));
    fc.assert(
      fc.property(
        range,
        fc.uint8Array({ maxLength: 8 }),
        fc.constantFrom("replace", "double", "swap"),
        ([a = 0, b = 0, c = 0], bytes, how) => {
          const [before, left, right, behind] = [good.subarray(0, a), good.subarray(a, b), good.subarray(b, c), good.subarray(c)];
          const changed =
            how === "replace"
              ? concat(before, bytes, behind)
              : how === "double"
                ? concat(before, left, left, right, behind)
                : concat(before, right, left, behind);
          expect(outcome(changed)).toMatch(ends);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it("find any serial number that was put in, and no other", () => {
    const serial = fc
      .uint8Array({ minLength: 1, maxLength: 20 })
      .map((bytes) => Buffer.from(bytes.with(0, bytes[0] === 0 ? 1 : (bytes[0] ?? 1))).toString("hex"));
    fc.assert(
      fc.property(fc.uniqueArray(serial, { minLength: 1, maxLength: 8 }), serial, (listed, other) => {
        const list = makeList("root", (parts) => (parts.entries = listed.map((one) => listEntry(one, NOW_MS, 1))));
        for (const one of listed) expect(read(list, one)).toEqual({ reason: "keyCompromise", dateMs: NOW_MS });
        if (!listed.includes(other)) expect(read(list, other)).toBeNull();
      }),
      { numRuns: 50 },
    );
  });
});

/** The list with more bytes inside its outer SEQUENCE. */
function longer(list: Uint8Array, more: Uint8Array): Uint8Array {
  return der(0x30, list.subarray((list[1] ?? 0) === 0x82 ? 4 : 3), more);
}

/** Of this process so far: neighbours do not count. */
function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
