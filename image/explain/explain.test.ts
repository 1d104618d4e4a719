import { existsSync, readdirSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { measureEif } from "../eif/measure.ts";
import { readEif } from "../eif/read.ts";
import { writeEif } from "../eif/write.ts";
import { ImageError } from "../errors.ts";
import { directory, file } from "../ramdisk/entry.ts";
import { readCpio } from "../ramdisk/read.ts";
import { writeCpio } from "../ramdisk/write.ts";
import { explainImages } from "./explain.ts";
import type { Explanation, FileChange } from "./model.ts";
import { TINY, tinyImage, tinyParts, withByte, type Tiny } from "./test-support/images.ts";

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const hex = (bytes: Uint8Array | null): string => (bytes === null ? "00".repeat(48) : Buffer.from(bytes).toString("hex"));
const image = tinyImage();
const explainChange = (change: Partial<Tiny>): Explanation => explainImages(image, tinyImage(change));
const moved = ({ pcrs }: Explanation): number[] => pcrs.filter((pcr) => pcr.moved).map(({ index }) => index);
const files = ({ ramdisks }: Explanation): FileChange[] => ramdisks.flatMap((ramdisk) => ramdisk.files);
const named = (explanation: Explanation): string[] => files(explanation).map(({ status, path }) => `${status} ${path}`);
const packages = ({ packages: list }: Explanation): string[] =>
  (list ?? []).map(({ kind, name, status, versions }) => `${kind} ${name} ${status} ${versions.a.join()} > ${versions.b.join()}`);
const { "app/enclave.mjs": program, "lib/libc.so.6": libc, "usr/bin/node": node } = TINY.files;

describe("explainImages", () => {
  it("says that identical images are identical", () => {
    const explanation = explainImages(image, tinyImage());
    expect(explanation).toMatchObject({ verdict: "identical", ramdisks: [], metadata: [], header: [], warnings: [], packages: [] });
    expect(explanation.packagesAlike).toBe(5);
    expect(explanation.consequences).toMatchObject({ kms: [], trustSet: null, release: [] });
    expect(explanation.sections.every(({ status }) => status === "same")).toBe(true);
  });

  it("computes the registers as measureEif does", () => {
    const other = tinyImage({ init: "another" });
    const [a, b] = [measureEif(image), measureEif(other)];
    expect(explainImages(image, other).pcrs.map((pcr) => [pcr.index, pcr.a, pcr.b])).toEqual([
      [0, hex(a.pcr0), hex(b.pcr0)],
      [1, hex(a.pcr1), hex(b.pcr1)],
      [2, hex(a.pcr2), hex(b.pcr2)],
      [8, hex(null), hex(null)],
    ]);
  });

  it.each<[string, Partial<Tiny>, number[], string[]]>([
    ["the kernel", { kernel: text("another") }, [0, 1], ["kernel"]],
    ["the command line", { cmdline: "reboot=k panic=30" }, [0, 1], ["kernel command line"]],
    ["init", { init: "another" }, [0, 1], ["ramdisk 1"]],
    ["the environment", { env: ["TZ=CET"] }, [0, 2], ["ramdisk 2"]],
  ])("says which registers %s moves, and why", (_what, change, registers, because) => {
    const explanation = explainChange(change);
    expect(explanation.verdict).toBe("measured");
    expect(moved(explanation)).toEqual(registers);
    expect(explanation.pcrs.filter((pcr) => pcr.moved).map((pcr) => pcr.because)).toEqual(registers.map(() => because));
    expect(explanation.consequences.kms.map(({ condition }) => condition)).toEqual([
      "kms:RecipientAttestation:ImageSha384",
      "kms:RecipientAttestation:PCR0",
      `kms:RecipientAttestation:PCR${registers[1]}`,
    ]);
    expect(Object.keys(explanation.consequences.trustSet ?? {})).toEqual(["0", "1", "2"]);
    expect(explanation.consequences.release.map(({ field }) => field)).toEqual([
      ...registers.map((index) => `PCR${index}`),
      "imageDigest (SHA-384 of the file)",
    ]);
  });

  it("tells words, arguments and variables that changed", () => {
    const explanation = explainChange({
      cmdline: "reboot=k debug quiet",
      cmd: ["/usr/bin/node", "--inspect", "/app/enclave.mjs"],
      env: [],
    });
    const lines = (list: Explanation["cmdline"]): string[] => list.map((line) => `${line.in} ${line.text}`);
    expect(lines(explanation.cmdline)).toEqual(["both reboot=k", "a panic=30", "b debug", "both quiet"]);
    expect(lines(explanation.command)).toEqual(["both /usr/bin/node", "b --inspect", "both /app/enclave.mjs"]);
    expect(lines(explanation.environment)).toEqual(["a TZ=UTC"]);
  });

  it("says that metadata and header are unmeasured, and that the file's digest moves all the same", () => {
    const explanation = explainChange({ imageVersion: "2" });
    expect(explanation.verdict).toBe("unmeasured");
    expect(explanation.metadata).toEqual([{ field: "ImageVersion", a: '"1"', b: '"2"' }]);
    expect(moved(explanation)).toEqual([]);
    expect(explanation.consequences).toMatchObject({ kms: [], trustSet: null, release: [{ field: "imageDigest (SHA-384 of the file)" }] });
    expect(
      explainImages(
        image,
        withByte(image, 15, (byte) => byte + 1),
      ).header,
    ).toEqual([{ field: "default memory", a: "1073741824", b: "1073741825" }]);
  });

  it("names package, version and file by the manifests", () => {
    const explanation = explainChange({
      files: {
        "app/enclave.mjs": [program![0].replace("x = 2", "x = 3"), "bundle"],
        "lib/libc.so.6": ["newer bytes", "debian libc6=2.36-9+deb12u11 amd64"],
        "lib/libz.so.1": ["zlib", "debian zlib1g=1:1.2.13 amd64"],
        "usr/bin/node": node!,
      },
      inputs: { "node_modules/x/index.js": ["const x = 3;\n", "npm @scope/x@1.3.0"] },
    });
    expect(packages(explanation)).toEqual([
      "bundle the enclave program content  > ",
      "source this repository's source removed  > ",
      "npm @scope/x version 1.2.3 > 1.3.0",
      "debian libc6 version 2.36-9+deb12u10 > 2.36-9+deb12u11",
      "debian zlib1g added  > 1:1.2.13",
    ]);
    expect(explanation.packagesAlike).toBe(1);
    expect(explanation.packages?.[2]?.files).toMatchObject([{ path: "node_modules/x/index.js", part: "bundle", status: "changed" }]);
    expect(named(explanation)).toEqual([
      "changed rootfs/app/enclave.mjs",
      "changed rootfs/app/manifest.json",
      "changed rootfs/lib/libc.so.6",
      "added rootfs/lib/libz.so.1",
    ]);
    const [enclave, , , zlib] = files(explanation);
    expect(enclave?.content?.line).toEqual({ number: 4, a: "const x = 2;", b: "const x = 3;" });
    expect(enclave?.origin).toEqual({ a: "bundle", b: "bundle" });
    expect(zlib?.origin).toEqual({ a: null, b: "debian zlib1g=1:1.2.13 amd64" });
    expect(explanation.ramdisks[0]?.layout).toContainEqual({ field: "inode of rootfs/usr/bin/node", a: "736", b: "737" });
    expect(explanation.warnings).toEqual([]);
  });

  it("warns of other bytes under the same version, and of a program that none of its inputs explain", () => {
    const { warnings } = explainChange({
      files: { ...TINY.files, "lib/libc.so.6": ["patched", libc![1]], "app/enclave.mjs": ["edited", "bundle"] },
    });
    expect(warnings[0]).toContain("debian libc6 2.36-9+deb12u10 has the same version in both images and other bytes");
    expect(warnings[1]).toContain("none of the files that it was bundled from did");
  });

  it("holds each manifest against the image", () => {
    const at = Buffer.from(image).indexOf("libc's bytes");
    const { images, warnings } = explainImages(
      image,
      withByte(image, at, (byte) => byte ^ 1),
    );
    expect(images.a.manifest).toEqual({ status: "read", faults: [], unreproducible: [] });
    expect(images.b.manifest.faults).toHaveLength(1);
    expect(warnings[0]).toContain("The manifest of B is not true: /lib/libc.so.6 is listed with SHA-256");
    expect(explainChange({ extra: [file("opt", text("x"))] }).images.b.manifest.faults).toEqual(["/opt is in the image and not listed"]);
  });

  it("tells modes, kinds, targets and moves", () => {
    const link = (target: string): Tiny["extra"][number] => ({ kind: "symlink", path: "etc/a", mode: 0o777, data: text(target) });
    const before = tinyImage({
      extra: [directory("etc"), file("etc/mode", text("m")), link("old"), file("etc/from", text("kept")), file("etc/kind", text("k"))],
    });
    const after = tinyImage({
      extra: [
        directory("etc"),
        file("etc/mode", text("m"), 0o755),
        link("newer"),
        file("etc/to", text("kept")),
        { ...link("k"), path: "etc/kind" },
      ],
    });
    const found = new Map(files(explainImages(before, after)).map((one) => [one.path, one]));
    expect(found.get("rootfs/etc/mode")).toMatchObject({ fields: [{ field: "mode", a: "100644", b: "100755" }], content: null });
    expect(found.get("rootfs/etc/a")).toMatchObject({ a: { target: "old" }, b: { target: "newer" } });
    expect(found.get("rootfs/etc/to")).toMatchObject({ status: "added", movedFrom: "rootfs/etc/from" });
    expect(found.get("rootfs/etc/kind")).toMatchObject({ a: { kind: "file" }, b: { kind: "symlink", target: "k" }, content: null });
  });

  it("is not fooled by bytes that moved across a section's end: no register moves, and something else boots", () => {
    const parts = tinyParts();
    const cut = writeEif({ ...parts, kernel: Buffer.concat([parts.kernel, parts.cmdline]), cmdline: new Uint8Array(0) });
    const explanation = explainImages(image, cut);
    expect(explanation.verdict).toBe("recut");
    expect(moved(explanation)).toEqual([]);
    expect(explanation.warnings[0]).toContain("another kernel, command line or ramdisk boots");
  });

  it("reads ramdisks of others: owners, times, order, hard links, devices, gzip, several archives in one", () => {
    const parts = tinyParts();
    const [boot, application] = parts.ramdisks;
    const tell = (before: Uint8Array, after: Uint8Array): Explanation =>
      explainImages(writeEif({ ...parts, ramdisks: [boot!, before] }), writeEif({ ...parts, ramdisks: [boot!, after] }));
    const patch = (field: number, value: string): Uint8Array => {
      const copy = Buffer.from(application!);
      copy.write(value, copy.indexOf("rootfs/lib/libc.so.6") - 110 + 6 + 8 * field, "latin1");
      return copy;
    };
    for (const [field, value, change] of [
      [1, "000089ed", { field: "mode", a: "100644", b: "104755" }],
      [2, "000003e8", { field: "owner", a: "0", b: "1000" }],
      [5, "58f63f08", { field: "time", a: "0", b: "1492533000" }],
      [4, "00000002", { field: "links", a: "1", b: "2" }],
    ] as const) {
      const explanation = tell(application!, patch(field, value));
      expect(files(explanation)).toMatchObject([{ path: "rootfs/lib/libc.so.6", content: null, fields: [change] }]);
    }
    expect(tell(application!, patch(1, "000089ed")).warnings).toEqual([
      expect.stringContaining("(cpio-mode)"),
      "rootfs/lib/libc.so.6 runs with the rights of its owner or group in B (mode 4755).",
    ]);
    expect(tell(application!, patch(1, "000021b6")).warnings).toContain("rootfs/lib/libc.so.6 is a device in B.");
    const zipped = (data: Uint8Array): Uint8Array => {
      const packed = gzipSync(data);
      return Buffer.concat([packed, Buffer.alloc((4 - (packed.length % 4)) % 4)]);
    };
    const compressed = tell(zipped(application!), zipped(patch(2, "000003e8")));
    expect(compressed.ramdisks).toMatchObject([
      { form: { a: "gzip", b: "gzip" }, files: [{ path: "rootfs/lib/libc.so.6", imageOffset: { a: null, b: null } }] },
    ]);
    const second = tell(application!, Buffer.concat([application!, writeCpio([file("cmd", text("/bin/sh\n"))])]));
    expect(named(second)).toContain("added cmd (entry 2 of this path)");
    expect(second.command.map((line) => line.text)).toContain("/bin/sh");
    expect(tell(application!, text("no archive at all...")).ramdisks).toMatchObject([
      { form: { b: "unreadable" }, difference: { offset: 0 } },
    ]);
    const entries = readCpio(application!);
    const reversed = Buffer.concat(entries.toReversed().map((entry) => recordOf(application!, entry.path)));
    const trailer = recordOf(application!, "TRAILER!!!");
    expect(tell(application!, Buffer.concat([reversed, trailer])).ramdisks[0]?.reordered).not.toBeNull();
  });

  it("says which sets of a trust file accept which image, and what to add", () => {
    const other = tinyImage({ env: [] });
    const set = (bytes: Uint8Array, more: [number, Uint8Array][] = []): ReadonlyMap<number, Uint8Array> => {
      const { pcr0, pcr1, pcr2 } = measureEif(bytes);
      return new Map([[0, pcr0], [1, pcr1], [2, pcr2], ...more]);
    };
    const pin = new Uint8Array(48).fill(7);
    const zero = new Uint8Array(48);
    const sets = [
      set(image, [[16, pin]]),
      set(other, [[8, zero]]),
      set(image, [[8, pin]]),
      new Map([0, 1, 2].map((index) => [index, zero])),
    ];
    const [answer] = explainImages(image, other, [{ file: "trust.json", sets }]).trust;
    expect(answer?.sets.map(({ number, accepts, misfits, open, debug }) => ({ number, accepts, misfits, open, debug }))).toEqual([
      { number: 1, accepts: { a: true, b: false }, misfits: { a: [], b: [0, 2] }, open: [16], debug: false },
      { number: 2, accepts: { a: false, b: true }, misfits: { a: [0, 2], b: [] }, open: [], debug: false },
      { number: 3, accepts: { a: false, b: false }, misfits: { a: [8], b: [0, 2, 8] }, open: [], debug: false },
      { number: 4, accepts: { a: true, b: true }, misfits: { a: [], b: [] }, open: [], debug: true },
    ]);
    const { pcr0, pcr1, pcr2 } = measureEif(other);
    expect(answer?.sets.map(({ successor }) => successor)).toEqual([
      { "0": hex(pcr0), "1": hex(pcr1), "2": hex(pcr2), "16": hex(pin) },
      null,
      null,
      null,
    ]);
  });
});

describe("one changed byte", () => {
  const { sections } = readEif(image);
  const inSections = sections.flatMap(({ data }) => [...data.keys()].map((i) => data.byteOffset - image.byteOffset + i));

  it.each([
    ["with the checksum made right", true],
    ["with the checksum left wrong", false],
  ])("anywhere in any section is named, %s", (_how, mend) => {
    fc.assert(
      fc.property(fc.constantFrom(...inSections), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        expectNamed(
          explainImages(
            image,
            withByte(image, at, (byte) => byte ^ flip, mend),
          ),
          at,
        );
      }),
      { numRuns: 400 },
    );
  });

  it("anywhere in the content of a file is named with the file and the offset in it", () => {
    for (const [index, ramdisk] of readEif(image).ramdisks.entries()) {
      for (const entry of readCpio(ramdisk)) {
        for (const offset of new Set([0, entry.data.length >> 1, entry.data.length - 1])) {
          if (entry.data.length === 0) continue;
          const at = entry.data.byteOffset - image.byteOffset + offset;
          const explanation = explainImages(
            image,
            withByte(image, at, (byte) => byte ^ 1),
          );
          expect(explanation.ramdisks).toMatchObject([
            {
              index: index + 1,
              files: [{ path: entry.path, status: "changed", content: { offset, differing: 1, imageOffset: { a: at, b: at } } }],
            },
          ]);
          expect(moved(explanation)).toEqual(index === 0 ? [0, 1] : [0, 2]);
        }
      }
    }
  });

  it("anywhere in the header is named or refused by code", () => {
    const inside = new Set(inSections);
    const headers = [...image.keys()].filter((at) => !inside.has(at) && (at < 544 || at >= 548));
    for (const at of headers) {
      try {
        const { header, verdict } = explainImages(
          image,
          withByte(image, at, (byte) => byte ^ 1),
        );
        expect([verdict, header.length]).toEqual(["unmeasured", 1]);
      } catch (error) {
        if (!(error instanceof ImageError)) throw error;
        expect(error.code).toMatch(/^eif-/);
      }
    }
  });
});

/** The byte's section names its place; in a ramdisk an entry, its rest, or the place in the one that can be read does too. */
function expectNamed(explanation: Explanation, at: number): void {
  const [changed, ...others] = explanation.sections.filter(({ status }) => status !== "same");
  expect(others).toEqual([]);
  expect(changed?.difference).toMatchObject({ imageOffset: { a: at, b: at }, differing: 1 });
  if (changed?.kind !== "ramdisk") return;
  const [ramdisk, ...more] = explanation.ramdisks;
  expect(more).toEqual([]);
  expect(ramdisk?.difference).toMatchObject({ imageOffset: { a: at, b: at }, differing: 1 });
  const own = readCpioRecords(at);
  if (ramdisk?.place === null || ramdisk?.place === undefined) expect(namedIn(ramdisk)).toContain(own);
  else expect(ramdisk.place.startsWith(`${own}, `)).toBe(true);
}

function namedIn(ramdisk: Explanation["ramdisks"][number] | undefined): string[] {
  return [
    ...(ramdisk?.files.map(({ path }) => path) ?? []),
    ...(ramdisk?.layout.map(({ field }) => field.replace(/^zeros at the end$/, "TRAILER!!!").replace(/^.* (of|after) /, "")) ?? []),
  ];
}

/** Which entry of the unchanged image holds the byte, read by the strict reader's offsets. */
function readCpioRecords(at: number): string {
  const ramdisk = readEif(image).ramdisks.find((data) => {
    const begin = data.byteOffset - image.byteOffset;
    return at >= begin && at < begin + data.length;
  });
  const begin = ramdisk!.byteOffset - image.byteOffset;
  for (const entry of readCpio(ramdisk!)) {
    const end = entry.data.byteOffset - image.byteOffset + Math.ceil(entry.data.length / 4) * 4;
    if (at < end) return entry.path;
  }
  expect(at).toBeGreaterThan(begin);
  return "TRAILER!!!";
}

/** One entry of an archive as it lies there. */
function recordOf(archive: Uint8Array, path: string): Uint8Array {
  const buffer = Buffer.from(archive.buffer, archive.byteOffset, archive.byteLength);
  const begin = buffer.indexOf(`${path}\0`) - 110;
  const next = buffer.indexOf("070701", begin + 6);
  return buffer.subarray(begin, next < 0 ? buffer.length : next);
}

const shared = new URL("../../../shared/fixtures/eif/", import.meta.url);
describe.skipIf(!existsSync(shared))("images of others", () => {
  const expected = JSON.parse(existsSync(shared) ? readFileSync(new URL("expected.json", shared), "utf8") : "{}") as Record<
    string,
    { measurements?: Record<string, string> }
  >;
  const good = existsSync(shared) ? readdirSync(shared).filter((name) => name.startsWith("ok-")) : [];

  it.each(good.flatMap((a) => good.map((b) => [a, b] as const)))("explains %s against %s", (a, b) => {
    const [left, right] = [a, b].map((name) => new Uint8Array(readFileSync(new URL(name, shared))));
    const explanation = explainImages(left!, right!);
    for (const { index, a: before, b: after } of explanation.pcrs) {
      expect(before).toBe(expected[a]?.measurements?.[`PCR${index}`] ?? "00".repeat(48));
      expect(after).toBe(expected[b]?.measurements?.[`PCR${index}`] ?? "00".repeat(48));
    }
    expect(explanation.verdict === "identical").toBe(a === b);
  });
});
