import { existsSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ImageError } from "../errors.ts";
import { measureEif } from "./measure.ts";
import { encodeMetadata, FIXED_BUILD_TIME } from "./metadata.ts";
import { crcOf, readEif } from "./read.ts";
import type { EifParts } from "./write.ts";
import { writeEif } from "./write.ts";

const METADATA = encodeMetadata({
  imageName: "test",
  imageVersion: "1",
  buildTime: FIXED_BUILD_TIME,
  buildTool: "test",
  buildToolVersion: "1",
  operatingSystem: "Linux",
  kernelVersion: "none",
});
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const hex = (value: Uint8Array | null | undefined): string | undefined => (value ? Buffer.from(value).toString("hex") : undefined);
const PARTS: EifParts = {
  architecture: "x86_64",
  kernel: bytes("kernel"),
  cmdline: bytes("console=ttyS0"),
  metadata: METADATA,
  ramdisks: [bytes("boot"), bytes("app!")],
};

/** The code of the ImageError that `work` throws, or what it threw instead. */
function codeOf(work: () => unknown): unknown {
  try {
    work();
    return "accepted";
  } catch (error) {
    return error instanceof ImageError ? error.code : error;
  }
}

/** A copy with one change and, unless told otherwise, the checksum that fits it. */
function changed(change: (view: DataView, copy: Uint8Array) => void, fixCrc = true): Uint8Array {
  const copy = writeEif(PARTS);
  const view = new DataView(copy.buffer);
  change(view, copy);
  if (fixCrc) view.setUint32(544, crcOf(copy));
  return copy;
}

describe("an EIF of our own", () => {
  it("comes back as it was written", () => {
    const eif = readEif(writeEif(PARTS));
    expect(eif.sections.map((s) => s.kind)).toEqual(["kernel", "cmdline", "metadata", "ramdisk", "ramdisk"]);
    expect([eif.kernel, eif.cmdline, ...eif.ramdisks]).toEqual([PARTS.kernel, PARTS.cmdline, ...PARTS.ramdisks]);
    expect(eif.metadata.buildTime).toBe(FIXED_BUILD_TIME);
    expect([eif.architecture, eif.defaultMemory, eif.defaultCpus, eif.signature]).toEqual(["x86_64", 2n ** 30n, 2n, null]);
  });

  it("measures the known constant where there is no application ramdisk", () => {
    const one = measureEif(writeEif({ ...PARTS, ramdisks: [bytes("boot")] }));
    expect(hex(one.pcr0)).toBe(hex(one.pcr1));
    expect(hex(one.pcr2)).toBe("21b9efbc184807662e966d34f390821309eeac6802309798826296bf3e8bec7c10edb30948c90ba67310f7b964fc500a");
    expect(one.pcr8).toBeNull();
  });

  it("keeps PCR2 whatever kernel, init and command line are", () => {
    const other = measureEif(
      writeEif({ ...PARTS, kernel: bytes("another"), cmdline: bytes("x"), ramdisks: [bytes("init"), bytes("app!")] }),
    );
    const here = measureEif(writeEif(PARTS));
    expect(hex(other.pcr2)).toBe(hex(here.pcr2));
    expect(hex(other.pcr1)).not.toBe(hex(here.pcr1));
  });

  it.each<[string, string, Uint8Array]>([
    ["no bytes", "eif-truncated", new Uint8Array(0)],
    ["another magic", "eif-magic", changed((v) => v.setUint32(0, 0x2e656967))],
    ["version 3", "eif-version", changed((v) => v.setUint16(4, 3))],
    ["version 5", "eif-version", changed((v) => v.setUint16(4, 5))],
    ["an unknown flag", "eif-reserved", changed((v) => v.setUint16(6, 2))],
    ["a reserved field", "eif-reserved", changed((v) => v.setUint16(24, 1))],
    ["the unused word", "eif-reserved", changed((v) => v.setUint32(540, 1))],
    ["an unused table entry", "eif-hidden-section", changed((v) => v.setBigUint64(28 + 8 * 31, 1n))],
    ["section flags", "eif-reserved", changed((v) => v.setUint16(550, 1))],
    ["one section", "eif-section-count", changed((v) => v.setUint16(26, 1))],
    ["33 sections", "eif-section-count", changed((v) => v.setUint16(26, 33))],
    ["an offset past the end", "eif-table", changed((v) => v.setBigUint64(36, 2n ** 63n))],
    ["two entries on one section", "eif-table", changed((v) => v.setBigUint64(36, 548n))],
    ["a size that the section denies", "eif-table", changed((v) => v.setBigUint64(284, 5n))],
    ["a size of 2^64-1", "eif-truncated", changed((v) => (v.setBigUint64(284, 2n ** 64n - 1n), v.setBigUint64(552, 2n ** 64n - 1n)))],
    ["a section type 0", "eif-section-type", changed((v) => v.setUint16(548, 0))],
    ["a section type 6", "eif-section-type", changed((v) => v.setUint16(548, 6))],
    ["two kernels", "eif-kernel", changed((v) => v.setUint16(566, 1))],
    ["no kernel", "eif-kernel", changed((v) => v.setUint16(548, 3))],
    ["another checksum", "eif-crc", changed((v) => v.setUint32(544, 0), false)],
    ["bytes at the end", "eif-trailing-bytes", Buffer.concat([writeEif(PARTS), Buffer.alloc(16)])],
    ["metadata that is no JSON", "eif-metadata", writeEif({ ...PARTS, metadata: bytes("{") })],
    ["metadata without its fields", "eif-metadata", writeEif({ ...PARTS, metadata: bytes("{}") })],
    [
      "a section after the table's last",
      "eif-hidden-section",
      Buffer.concat([writeEif(PARTS), new Uint8Array([0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])]),
    ],
    ["a signature section of 32769 bytes", "eif-signature-size", writeEif({ ...PARTS, signature: new Uint8Array(32_769) })],
  ])("is refused with %s: %s", (_what, code, file) => {
    expect(codeOf(() => readEif(file))).toBe(code);
  });

  it("is refused when its signature section is no signature", () => {
    for (const signature of [new Uint8Array(0), bytes("x"), new Uint8Array([0x80]), new Uint8Array([0x81, 0xa0])])
      expect(codeOf(() => measureEif(writeEif({ ...PARTS, signature })))).toMatch(/^eif-signature(-count)?$/);
  });

  it("is not written with a ramdisk that the loader would lose", () => {
    expect(codeOf(() => writeEif({ ...PARTS, ramdisks: [bytes("odd")] }))).toBe("eif-ramdisk");
    expect(codeOf(() => writeEif({ ...PARTS, ramdisks: [] }))).toBe("eif-ramdisk");
  });

  it("is refused after any single byte changed", () => {
    const whole = writeEif(PARTS);
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const copy = Uint8Array.from(whole);
        copy[at] = (copy[at] ?? 0) ^ change;
        expect(codeOf(() => readEif(copy))).toMatch(/^eif-/);
      }),
    );
  });

  it("is read or refused by code, whatever the bytes", () => {
    const whole = writeEif(PARTS);
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 6 }), fc.nat(whole.length), (changes, length) => {
        const copy = Uint8Array.from(whole);
        for (const [at, value] of changes) copy[at] = value;
        if (copy.length >= 548) new DataView(copy.buffer).setUint32(544, crcOf(copy));
        expect(codeOf(() => measureEif(copy.subarray(0, length)))).toMatch(/^(accepted|eif-.*)$/);
      }),
    );
  });
});

const FIXTURES = new URL("../../../shared/fixtures/eif/", import.meta.url);
const present = existsSync(FIXTURES);
interface Expected {
  expect: "accept" | "reject" | "policy" | "tool-dependent";
  measurements?: { PCR0: string; PCR1: string; PCR2: string; PCR8?: string };
}
const expected = present ? (JSON.parse(readFileSync(new URL("expected.json", FIXTURES), "utf8")) as Record<string, Expected>) : {};
const REASON: Readonly<Record<string, string>> = {
  "bad-magic.eif": "eif-magic",
  "bad-crc.eif": "eif-crc",
  "v3-with-metadata.eif": "eif-version",
  "v5.eif": "eif-version",
  "no-cmdline.eif": "eif-cmdline",
  "two-kernels.eif": "eif-kernel",
  "ramdisk-before-kernel.eif": "eif-order",
  "section-type-6.eif": "eif-section-type",
  "offset-past-end.eif": "eif-table",
  "trailing-bytes.eif": "eif-trailing-bytes",
  "hidden-section.eif": "eif-hidden-section",
  "hidden-section-table-crc.eif": "eif-hidden-section",
  "too-many-sections.eif": "eif-section-count",
  "truncated.eif": "eif-truncated",
  "short.eif": "eif-truncated",
  "reserved-nonzero.eif": "eif-reserved",
  "sig-oversize.eif": "eif-signature-size",
};

describe.skipIf(!present)("the EIF set of ../shared", () => {
  it.each(Object.entries(expected))("%s", (name, { expect: verdict, measurements }) => {
    const file = readFileSync(new URL(name, FIXTURES));
    if (verdict !== "accept") {
      expect(codeOf(() => measureEif(file))).toBe(REASON[name]);
      return;
    }
    const { pcr0, pcr1, pcr2, pcr8 } = measureEif(file);
    expect({ PCR0: hex(pcr0), PCR1: hex(pcr1), PCR2: hex(pcr2), PCR8: hex(pcr8) }).toEqual({
      PCR0: measurements?.PCR0,
      PCR1: measurements?.PCR1,
      PCR2: measurements?.PCR2,
      PCR8: measurements?.PCR8,
    });
  });

  it("a signature over another image is refused", () => {
    const signature = readEif(readFileSync(new URL("ok-signed.eif", FIXTURES))).signature;
    expect(signature).not.toBeNull();
    expect(codeOf(() => measureEif(writeEif({ ...PARTS, signature: signature ?? new Uint8Array(0) })))).toBe("eif-signature-pcr0");
  });
});
