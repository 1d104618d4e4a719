import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { enableCompileCache } from "node:module";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { encodeMetadata, FIXED_BUILD_TIME, measureEifFile, writeEif } from "@caladrius/image";
import { percentiles, type Report } from "./report.ts";

/** What was asked on the command line. */
export interface ImageBenchOptions {
  /** length of the image's application ramdisk in MB */
  sizeMb?: number;
}

/**
 * What it costs to measure an image file, against one bare SHA-384 over the same bytes that have already been read, in
 * turns; and what memory the command takes for it.
 */
export async function run(report: Report, { sizeMb = 500 }: ImageBenchOptions = {}): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "caladrius-bench-"));
  try {
    const file = join(folder, "image.eif");
    report.progress(`an image of ${sizeMb} MB, ${availableParallelism()} processors`);
    writeImage(file, Math.ceil((sizeMb * 1e6) / BLOCK_BYTES));
    enableCompileCache(join(folder, "compiled")); // as the command does: the second thread then starts in half the time
    await measureEifFile(file);
    const seconds = { bare: [] as number[], two: [] as number[], ours: [] as number[], one: [] as number[] };
    for (let round = 0; round < ROUNDS; round++) {
      seconds.bare.push(bareHash(file));
      seconds.two.push(await twoAtOnce(file));
      seconds.ours.push(await timed(() => measureEifFile(file)));
      seconds.one.push(await timed(() => measureEifFile(file, { threads: 1 })));
      report.progress(`round ${round + 1} of ${ROUNDS}`);
    }
    const middle = (values: readonly number[]): number => percentiles(values).p50;
    const speed = (values: readonly number[]): number => sizeMb / middle(values);
    const against = (values: readonly number[], target: number): { name: string; ratio: number; target: number } => ({
      name: "bare SHA-384's time",
      ratio: middle(values.map((value, i) => value / (seconds.bare[i] ?? Number.NaN))),
      target,
    });
    report.add("floor: bare SHA-384", speed(seconds.bare), "MB/s");
    report.add("floor: two of them at once", speed(seconds.two), "MB/s", against(seconds.two, 1));
    report.add("measureEifFile", speed(seconds.ours), "MB/s", against(seconds.ours, availableParallelism() > 1 ? 1 / 0.8 : 1 / 0.45));
    report.add("measureEifFile, one thread", speed(seconds.one), "MB/s", against(seconds.one, 1 / 0.45));
    if (process.platform !== "linux") return;
    commandMemory(file); // compiles the sources
    report.add("caladrius image measure: memory", commandMemory(file), "MB");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1000;
}

/** Seconds until two threads have each hashed it: what processors that share memory and neighbours lose by that alone. */
async function twoAtOnce(file: string): Promise<number> {
  const worker = new Worker(
    `const { parentPort, workerData } = require("node:worker_threads"), { createHash } = require("node:crypto"), fs = require("node:fs");
    parentPort.once("message", () => {
      const fd = fs.openSync(workerData), buffer = Buffer.alloc(2 ** 18), hash = createHash("sha384");
      let seconds = 0;
      for (let read = fs.readSync(fd, buffer); read > 0; read = fs.readSync(fd, buffer)) {
        const began = performance.now();
        hash.update(buffer.subarray(0, read));
        seconds += (performance.now() - began) / 1000;
      }
      fs.closeSync(fd);
      parentPort.postMessage(seconds);
    });
    parentPort.postMessage("ready");`,
    { eval: true, workerData: file },
  );
  await once(worker, "message");
  const other = once(worker, "message");
  worker.postMessage("go", []);
  const mine = bareHash(file);
  const [theirs] = (await other) as [number];
  await worker.terminate();
  return Math.max(mine, theirs);
}

/** Seconds that hashing takes; reading is not counted. */
function bareHash(file: string): number {
  const fd = openSync(file, "r");
  const buffer = Buffer.alloc(2 ** 18);
  const hash = createHash("sha384");
  let seconds = 0;
  for (let read = readSync(fd, buffer); read > 0; read = readSync(fd, buffer)) {
    const bytes = buffer.subarray(0, read);
    const began = performance.now();
    hash.update(bytes);
    seconds += (performance.now() - began) / 1000;
  }
  hash.digest();
  closeSync(fd);
  return seconds;
}

/** An image whose application ramdisk is so many blocks. */
function writeImage(file: string, blocks: number): void {
  const whole = writeEif({
    architecture: "x86_64",
    kernel: new Uint8Array(3 * BLOCK_BYTES).fill(1),
    cmdline: new Uint8Array(119).fill(2),
    metadata: METADATA,
    ramdisks: [new Uint8Array(BLOCK_BYTES).fill(3), new Uint8Array(BLOCK_BYTES * blocks).fill(4)],
  });
  const fd = openSync(file, "w");
  for (let at = 0; at < whole.length;) at += writeSync(fd, whole, at, Math.min(64 * BLOCK_BYTES, whole.length - at));
  closeSync(fd);
}

/** The most memory, in MB, that the command held at once. Not what getrusage says: that begins with this process's own. */
function commandMemory(file: string): number {
  const command = fileURLToPath(new URL("../cli/caladrius.mjs", import.meta.url));
  const atExit =
    "import{readFileSync}from'node:fs';process.on('exit',()=>console.error(/VmHWM:\\s+(\\d+)/.exec(readFileSync('/proc/self/status'))[1]))";
  const words = ["--import", `data:text/javascript,${encodeURIComponent(atExit)}`, command, "image", "measure", file];
  const { stderr } = spawnSync(process.execPath, words, { encoding: "utf8" });
  return (Number(stderr.trim()) * 1024) / 1e6;
}

const ROUNDS = 5;
const BLOCK_BYTES = 2 ** 20;
const METADATA = encodeMetadata({
  imageName: "bench",
  imageVersion: "1",
  buildTime: FIXED_BUILD_TIME,
  buildTool: "bench",
  buildToolVersion: "1",
  operatingSystem: "Linux",
  kernelVersion: "none",
});
