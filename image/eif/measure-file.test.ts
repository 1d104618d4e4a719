import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  closeSync,
  existsSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { crc32 } from "node:zlib";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { ImageError } from "../errors.ts";
import { EIF_LAYOUT } from "./layout.ts";
import { measureEif } from "./measure.ts";
import { measureEifFile, type MeasureFileOptions } from "./measure-file.ts";
import { encodeMetadata, FIXED_BUILD_TIME } from "./metadata.ts";
import { crcOf } from "./read.ts";
import { writeEif, type EifParts } from "./write.ts";

const folder = mkdtempSync(path.join(tmpdir(), "caladrius-eif-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const METADATA = encodeMetadata({
  imageName: "test",
  imageVersion: "1",
  buildTime: FIXED_BUILD_TIME,
  buildTool: "test",
  buildToolVersion: "1",
  operatingSystem: "Linux",
  kernelVersion: "none",
});
const FIXTURES = new URL("../../../shared/fixtures/eif/", import.meta.url);
const present = existsSync(FIXTURES);
const SIGNED = present ? readFileSync(new URL("ok-signed.eif", FIXTURES)) : null;

/** The four registers, or the code of the refusal. */
async function outcomeOf(measure: () => unknown): Promise<unknown> {
  try {
    return await measure();
  } catch (error) {
    if (error instanceof ImageError) return error.code;
    throw error;
  }
}

/** What both readers make of the same bytes. */
async function both(bytes: Uint8Array, options: MeasureFileOptions): Promise<[whole: unknown, streamed: unknown]> {
  const file = path.join(folder, "image.eif");
  writeFileSync(file, bytes);
  return [await outcomeOf(() => measureEif(bytes)), await outcomeOf(async () => (await measureEifFile(file, options)).measurements)];
}

const data = fc.uint8Array({ maxLength: 300 });
const ramdisk = data.map((bytes) => bytes.subarray(0, bytes.length - (bytes.length % 4)));
const parts: fc.Arbitrary<EifParts> = fc.record({
  architecture: fc.constantFrom("x86_64", "aarch64"),
  kernel: data,
  cmdline: data,
  metadata: fc.constant(METADATA),
  ramdisks: fc.array(ramdisk, { minLength: 1, maxLength: 4 }),
});
const changes = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 3 });

describe("measuring a file in blocks", () => {
  it("gives what measuring it whole gives, whatever the image, its faults and the block length", async () => {
    await fc.assert(
      fc.asyncProperty(
        parts,
        changes,
        fc.nat({ max: 40 }),
        fc.integer({ min: 1, max: 2000 }),
        fc.boolean(),
        async (image, changed, cut, blockBytes, fix) => {
          const bytes = writeEif(image);
          for (const [at, value] of changed) bytes[at % bytes.length] = value;
          if (fix) new DataView(bytes.buffer).setUint32(EIF_LAYOUT.offsets.crc, crcOf(bytes));
          const [whole, streamed] = await both(cut > 30 ? bytes.subarray(0, -cut) : bytes, { blockBytes, threads: 1 });
          expect(streamed).toEqual(whole);
        },
      ),
      { numRuns: 150 },
    );
  });

  it("gives the same with a second thread", async () => {
    await fc.assert(
      fc.asyncProperty(parts, changes, fc.integer({ min: 1, max: 500 }), async (image, changed, blockBytes) => {
        const bytes = writeEif(image);
        for (const [at, value] of changed) bytes[at % bytes.length] = value;
        const [whole, streamed] = await both(bytes, { blockBytes, threads: 2 });
        expect(streamed).toEqual(whole);
      }),
      { numRuns: 8 },
    );
  });

  it("tells sections, metadata and progress", async () => {
    const file = path.join(folder, "told.eif");
    const bytes = writeEif({
      architecture: "aarch64",
      kernel: new Uint8Array(7),
      cmdline: new Uint8Array(3),
      metadata: METADATA,
      ramdisks: [new Uint8Array(8)],
    });
    writeFileSync(file, bytes);
    const told: number[] = [];
    const eif = await measureEifFile(file, { blockBytes: 100, onProgress: (done, total) => told.push(done / total) });
    expect(eif.sections.map(({ kind, bytes: length }) => [kind, length])).toEqual([
      ["kernel", 7],
      ["cmdline", 3],
      ["metadata", METADATA.length],
      ["ramdisk", 8],
    ]);
    expect([eif.bytes, eif.architecture, eif.metadata.imageName, eif.signature]).toEqual([bytes.length, "aarch64", "test", null]);
    expect(told).toEqual(told.toSorted((a, b) => a - b));
    expect(told.at(-1)).toBe(1);
  });

  it("refuses a file that becomes shorter while it is read, in both ways", async () => {
    const file = path.join(folder, "shrinks.eif");
    const bytes = smallImage();
    for (const threads of [1, 2] as const) {
      writeFileSync(file, bytes);
      const shrink = (): void => writeFileSync(file, bytes.subarray(0, 1000));
      expect(await outcomeOf(() => measureEifFile(file, { blockBytes: 200, threads, onProgress: shrink }))).toBe("eif-truncated");
    }
  });

  it("refuses a file that changes while it is read, in both ways", async () => {
    const file = path.join(folder, "changes.eif");
    const bytes = smallImage();
    for (const threads of [1, 2] as const) {
      writeFileSync(file, bytes);
      const changeWhatWasRead = (done: number, total: number): void => {
        if (done === total) writeFileSync(file, "X", { flag: "r+" });
      };
      expect(await outcomeOf(() => measureEifFile(file, { threads, onProgress: changeWhatWasRead }))).toBe("eif-changed");
    }
  });

  it("refuses a folder and what is no plain file by an error of the system or a code", async () => {
    await expect(measureEifFile(folder)).rejects.toMatchObject({ code: "EISDIR" });
    await expect(measureEifFile("/dev/null")).rejects.toMatchObject({ code: "eif-truncated" });
  });

  it.skipIf(!present)("measures the EIF set of ../shared as the reader of whole files does", async () => {
    for (const name of readdirSync(FIXTURES).filter((one) => one.endsWith(".eif"))) {
      const [whole, streamed] = await both(readFileSync(new URL(name, FIXTURES)), { blockBytes: 700 });
      expect([name, streamed]).toEqual([name, whole]);
    }
    expect(SIGNED).not.toBeNull();
  });

  it.skipIf(process.platform !== "linux")("holds less than 100 MB for a file of 200 MiB", { timeout: 120_000 }, () => {
    const file = path.join(folder, "large.eif");
    const app = writeSparse(file, 200 * 2 ** 20);
    const child = path.join(folder, "child.mjs");
    writeFileSync(child, CHILD);
    const measure = (): { pcr2: string; maxRssMiB: number } => {
      const { stdout, stderr } = spawnSync(process.execPath, [child, file], { encoding: "utf8" });
      expect(stderr).toBe("");
      return JSON.parse(stdout) as { pcr2: string; maxRssMiB: number };
    };
    measure(); // compiles the sources, as a command's first run does
    const { pcr2, maxRssMiB } = measure();
    expect(pcr2).toBe(app);
    expect(maxRssMiB).toBeLessThan(95); // 100 MB
  });
});

function smallImage(): Uint8Array {
  const parts = { kernel: new Uint8Array(4000), cmdline: new Uint8Array(3), metadata: METADATA, ramdisks: [new Uint8Array(4000)] };
  return writeEif({ architecture: "x86_64", ...parts });
}

/** Writes an image with an application ramdisk that is a hole of so many bytes, and gives its PCR2. */
function writeSparse(file: string, bytes: number): string {
  const head = writeEif({
    architecture: "x86_64",
    kernel: new Uint8Array(8),
    cmdline: new Uint8Array(8),
    metadata: METADATA,
    ramdisks: [new Uint8Array(512), new Uint8Array(0)],
  });
  const view = new DataView(head.buffer);
  view.setBigUint64(EIF_LAYOUT.offsets.sizes + 8 * 4, BigInt(bytes));
  view.setBigUint64(head.length - 8, BigInt(bytes));
  const zeros = new Uint8Array(2 ** 20);
  const hash = createHash("sha384");
  let crc = crcOf(head);
  for (let done = 0; done < bytes; done += zeros.length) {
    crc = crc32(zeros, crc);
    hash.update(zeros);
  }
  view.setUint32(EIF_LAYOUT.offsets.crc, crc);
  const fd = openSync(file, "w");
  writeSync(fd, head);
  ftruncateSync(fd, head.length + bytes);
  closeSync(fd);
  return createHash("sha384").update(new Uint8Array(48)).update(hash.digest()).digest("hex");
}

const CHILD = `import { readFileSync } from "node:fs";
import { enableCompileCache } from "node:module";
enableCompileCache(${JSON.stringify(path.join(folder, "compiled"))});
const { measureEifFile } = await import(${JSON.stringify(new URL("measure-file.ts", import.meta.url).href)});
const { measurements } = await measureEifFile(process.argv[2], { threads: 2 });
const maxRssMiB = Number(/VmHWM:\\s+(\\d+)/.exec(readFileSync("/proc/self/status"))[1]) / 1024; // getrusage would begin with our own
console.log(JSON.stringify({ pcr2: Buffer.from(measurements.pcr2).toString("hex"), maxRssMiB }));`;
