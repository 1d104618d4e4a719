import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readEif } from "../eif/read.ts";
import { assembleEif, writeEif } from "../eif/write.ts";
import { directory, file, type CpioEntry } from "../ramdisk/entry.ts";
import { readCpio } from "../ramdisk/read.ts";
import { writeCpio } from "../ramdisk/write.ts";
import { sbomOf } from "../sbom.ts";
import { explainImages } from "./explain.ts";
import type { Explanation } from "./model.ts";
import { renderExplanation } from "./page.ts";
import { shortList } from "./sentences.ts";
import { TINY, tinyImage, tinyParts } from "./test-support/images.ts";

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const parts = tinyParts();
const [boot = new Uint8Array(0), application = new Uint8Array(0)] = parts.ramdisks;
const withRamdisks = (...ramdisks: Uint8Array[]): Uint8Array => writeEif({ ...parts, ramdisks: ramdisks.map(padded) });
const padded = (data: Uint8Array): Uint8Array => Buffer.concat([data, Buffer.alloc((4 - (data.length % 4)) % 4)]);
const evil = writeCpio([directory("rootfs"), directory("rootfs/app"), file("rootfs/app/enclave.mjs", text("evil"))]);
const told = (explanation: Explanation): string[] => shortList(explanation).map(({ where, what }) => `${where}: ${what}`);

/** A record by hand: names and links that our writer refuses. */
function record(name: string, data: string, fields: { inode?: number; links?: number; mode?: number } = {}): Buffer {
  const { inode = 9000, links = 1, mode = 0o100644 } = fields;
  const numbers = [inode, mode, 0, 0, links, 0, Buffer.byteLength(data), 0, 0, 0, 0, Buffer.byteLength(name) + 1, 0];
  const header = `070701${numbers.map((value) => value.toString(16).padStart(8, "0")).join("")}${name}\0`;
  return Buffer.concat([padded(Buffer.from(header)), padded(Buffer.from(data))]);
}

/** The application ramdisk with records before its trailer. */
function withRecords(...records: Buffer[]): Buffer {
  const end = Buffer.from(application).indexOf("TRAILER!!!") - 110;
  return Buffer.concat([application.subarray(0, end), ...records, application.subarray(end)]);
}

describe("what a hostile vendor adds", () => {
  it("behind a compressed ramdisk, where the kernel goes on, is not called the same content", () => {
    const packed = gzipSync(application);
    const a = withRamdisks(boot, packed);
    for (const tail of [evil, gzipSync(evil)]) {
      const b = withRamdisks(boot, Buffer.concat([padded(packed), Buffer.alloc(4), tail]));
      const explanation = explainImages(a, b);
      expect(told(explanation).join()).not.toContain("the same content");
      expect(explanation.warnings.join()).toContain("Ramdisk 2 of B cannot be read to its end");
    }
    expect(explainImages(a, withRamdisks(boot, Buffer.concat([padded(packed), Buffer.alloc(8)]))).ramdisks[0]?.faults.b).toBeNull();
  });

  it("before bytes that nobody can read is named all the same, in one image or in both", () => {
    const junk = text("junk that no archive holds!!");
    const before = withRamdisks(boot, Buffer.concat([application, junk]));
    const after = withRamdisks(boot, Buffer.concat([withRecords(record("rootfs/app/added", "x")), junk]));
    for (const a of [tinyImage(), before]) expect(told(explainImages(a, after)).join()).toContain("rootfs/app/added");
    expect(told(explainImages(after, before)).join()).toContain("rootfs/app/added");
  });

  it("before a ramdisk that the kernel then loses is warned of", () => {
    const image = assembleEif(
      readEif(tinyImage()).sections.map((one) =>
        one.data.length === boot.length ? { ...one, data: Buffer.concat([one.data, Buffer.alloc(1)]) } : one,
      ),
      { architecture: "x86_64", defaultMemory: 1n, defaultCpus: 1n },
    );
    expect(explainImages(tinyImage(), image).warnings).toContainEqual(
      expect.stringContaining(`Ramdisk 1 of B has ${boot.length + 1} bytes`),
    );
    expect(explainImages(image, tinyImage()).warnings).toContainEqual(expect.stringContaining("Ramdisk 1 of A"));
  });

  it("as a hard link to another file is told as such, and not as numbers that follow from others", () => {
    const linked = (second: number): Uint8Array =>
      withRamdisks(
        boot,
        withRecords(
          record("rootfs/a", "a", { inode: 9001, links: 2 }),
          record("rootfs/b", "b", { inode: 9002, links: 2 }),
          record("rootfs/c", "", { inode: second, links: 2 }),
        ),
      );
    const explanation = explainImages(linked(9001), linked(9002));
    expect(explanation.ramdisks[0]?.files).toMatchObject([{ path: "rootfs/c", fields: [{ field: "inode", a: "9001", b: "9002" }] }]);
  });

  it("to inode numbers alone is not blamed on entries that came or went", () => {
    const renumbered = Buffer.from(application);
    for (let at = renumbered.indexOf("070701000002"); at >= 0; at = renumbered.indexOf("070701000002", at + 1))
      renumbered.write("070701000009", at);
    const list = told(explainImages(tinyImage(), withRamdisks(boot, renumbered)));
    expect(list).toHaveLength(1);
    expect(list[0]).toContain("though no entry came or went");
  });
});

describe("a line of a megabyte", () => {
  it.each([
    ["ascii", "x"],
    ["characters of three bytes", "雪"],
  ])("shows what differs in it: %s", (_what, filler) => {
    const long = (word: string): string => `${filler.repeat(300_000)} ${word} ${filler.repeat(1000)}`;
    const program = (word: string): Uint8Array => tinyImage({ files: { ...TINY.files, "app/enclave.mjs": [long(word), "bundle"] } });
    const [change] = explainImages(program("harmless"), program("hostile")).ramdisks[0]?.files ?? [];
    const { a = "", b = "" } = change?.content?.line ?? {};
    expect([a, b]).toEqual([expect.stringContaining("harmless"), expect.stringContaining("hostile")]);
    for (const line of [a, b]) expect([Buffer.byteLength(line ?? "") < 220, line?.includes("\ufffd")]).toEqual([true, false]);
  });

  it("makes neither page nor text endless", () => {
    const many = explainImages(tinyImage(), tinyImage({ cmd: Array.from({ length: 200_000 }, (_, i) => `--${i}`) }));
    expect(renderExplanation(many, { a: "a", b: "b" }).length).toBeLessThan(1_000_000);
    expect(renderExplanation(many, { a: "a", b: "b" })).toContain("more are in the JSON");
  });
});

describe("a manifest that does not list what the kernel unpacks", () => {
  const link = (path: string, target: string): CpioEntry => ({ kind: "symlink", path, mode: 0o777, data: text(target) });
  it.each<[string, Uint8Array, string]>([
    ["a path in another spelling", withRamdisks(boot, withRecords(record("./rootfs/app/enclave.mjs", "evil"))), "cpio-path"],
    ["a path with two ends", withRamdisks(boot, withRecords(record("rootfs/app/enclave.mjs\0", "evil"))), "cpio-path"],
    ["a path twice", withRamdisks(boot, withRecords(record("rootfs/app/enclave.mjs", "evil"))), "rootfs/app/enclave.mjs"],
    ["a hard link", withRamdisks(boot, withRecords(record("rootfs/app/open", "evil", { links: 2 }))), "cpio-mode"],
    ["a second archive in the ramdisk", withRamdisks(boot, Buffer.concat([application, evil])), "cpio-trailing-bytes"],
    ["a third ramdisk", withRamdisks(boot, application, evil), "rootfs/app/enclave.mjs is in the image twice"],
    [
      "another init in the application",
      withRamdisks(boot, application, writeCpio([file("init", text("evil"))])),
      "init is in the image twice",
    ],
    [
      "a link in the boot ramdisk",
      withRamdisks(writeCpio([...readCpio(boot), link("rootfs", "/evil")]), application),
      "rootfs is in the image twice",
    ],
    ["a link that is listed as a file", linkListed(), "/usr/bin/node is listed and is no file but a symlink"],
  ])("is not true: %s", (_what, image, fault) => {
    const { images, warnings } = explainImages(tinyImage(), image);
    expect(images.b.manifest.faults.join("\n")).toContain(fault);
    expect(warnings.join("\n")).toContain("The manifest of B is not true");
    expect(() => sbomOf(image)).toThrow(expect.objectContaining({ code: "image-manifest" }));
  });

  function linkListed(): Uint8Array {
    const entries = readCpio(application).map((entry) =>
      entry.path === "rootfs/usr/bin/node" ? link(entry.path, TINY.files["usr/bin/node"]![0]) : entry,
    );
    return withRamdisks(boot, writeCpio(entries));
  }

  it("makes a bill of materials and a page, whatever its origins are", () => {
    const origins = ["npm a\ud800@1", "debian \udfff=\ud800 amd64", "__proto__", "", "npm @scope/../x@%2e", "\u202e"];
    for (const origin of origins) {
      const image = tinyImage({ files: { ...TINY.files, "opt/x": ["x", origin] }, inputs: { ...TINY.inputs, __proto__2: ["y", origin] } });
      expect(() => JSON.parse(sbomOf(image)) as unknown).not.toThrow();
      const explanation = explainImages(tinyImage(), image);
      expect(explanation.packages?.flatMap(({ files }) => files.map(({ path }) => path))).toContain("/opt/x");
      expect(renderExplanation(explanation, { a: "a", b: "b" })).not.toContain("\u202e");
    }
  });

  it("loses no file by an origin of two lines", () => {
    const change = (content: string): Uint8Array => tinyImage({ files: { ...TINY.files, "opt/x": [content, "evil\nnpm a@1"] } });
    const { packages } = explainImages(change("1"), change("2"));
    expect(packages?.flatMap(({ files }) => files.map(({ path }) => path))).toContain("/opt/x");
  });

  it("is compared soon, however many versions it claims", () => {
    const inputs = (n: number): typeof TINY.inputs =>
      Object.fromEntries(Array.from({ length: 50_000 }, (_, i) => [`f${i}`, ["", `npm a@${i * n}`] as const]));
    const started = performance.now();
    explainImages(tinyImage({ inputs: inputs(1) }), tinyImage({ inputs: inputs(3) }));
    expect(performance.now() - started).toBeLessThan(20_000); // comparing lists of versions took minutes
  }, 60_000);
});

describe("any file of an image", () => {
  const files = readEif(tinyImage()).ramdisks.flatMap((ramdisk, index) =>
    readCpio(ramdisk).flatMap((entry) => (entry.data.length === 0 ? [] : [{ index, path: entry.path }])),
  );

  it("is named when one byte of it changed and the image was built again, as are its mode and a new name", () => {
    fc.assert(
      fc.property(fc.constantFrom(...files), fc.nat(), fc.integer({ min: 1, max: 255 }), (one, offset, flip) => {
        const rebuilt = (change: (entry: CpioEntry) => CpioEntry): Explanation => {
          const ramdisks = [boot, application].map((ramdisk, index) =>
            index === one.index ? writeCpio(readCpio(ramdisk).map((entry) => (entry.path === one.path ? change(entry) : entry))) : ramdisk,
          );
          return explainImages(tinyImage(), withRamdisks(...ramdisks));
        };
        const named = ({ verdict, ramdisks }: Explanation): unknown[] => [
          verdict,
          ramdisks.map(({ index, files: list }) => [index, list.map(({ path }) => path)]),
        ];
        const expected = ["measured", [[one.index + 1, [one.path]]]];
        const flipped = rebuilt((entry) => ({
          ...entry,
          data: entry.data.map((byte, i) => (i === offset % entry.data.length ? byte ^ flip : byte)),
        }));
        expect(named(flipped)).toEqual(expected);
        expect(named(rebuilt((entry) => ({ ...entry, mode: entry.mode ^ (flip & 0o777) })))).toEqual(expected);
        const renamed = rebuilt((entry) => ({ ...entry, path: `${entry.path}~` }));
        expect(named(renamed)).toEqual(["measured", [[one.index + 1, [one.path, `${one.path}~`]]]]);
      }),
      { numRuns: 150 },
    );
  });
});
