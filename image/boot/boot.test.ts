import { execFile, execFileSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compileInit, INIT_FLAGS } from "./compile.ts";

const run = promisify(execFile);
let folder: string;
beforeAll(async () => void (folder = await mkdtemp(path.join(tmpdir(), "init-test-"))));
afterAll(() => rm(folder, { recursive: true, force: true }));

describe.skipIf(!hasCompiler())("init.c (needs cc)", () => {
  it("compiles without a warning into one static program, twice the same", async () => {
    const [one, two] = await Promise.all([compileInit(), compileInit()]);
    expect(one.reason).toBeNull();
    expect(Buffer.from(one.init ?? []).equals(Buffer.from(two.init ?? []))).toBe(true);
    expect(programHeaderTypes(Buffer.from(one.init ?? []))).not.toContain(PT_INTERP);
  });

  it("does nothing when it is not process 1", async () => {
    const { init } = await compileInit();
    await writeFile(path.join(folder, "init"), init ?? "", { mode: 0o755 });
    await expect(run(path.join(folder, "init"))).rejects.toMatchObject({
      code: 1,
      stderr: "caladrius init: this is process 1 of an enclave, and nothing else\n",
    });
  });

  it("relays, reads its files and speaks to the NSM as init.test.c says", async () => {
    const program = path.join(folder, "init-test");
    await run("cc", [...INIT_FLAGS, "-Wl,--wrap=ioctl", "-o", program, "init.test.c"], { cwd: import.meta.dirname });
    await expect(run(program)).resolves.toEqual({ stdout: "", stderr: "" });
  });
});

/** ELF-64, little-endian: e_phoff at 32, e_phentsize at 54, e_phnum at 56. */
function programHeaderTypes(elf: Buffer): number[] {
  expect(elf.subarray(0, 6)).toEqual(Buffer.from("\x7fELF\x02\x01", "latin1"));
  const [offset, size, count] = [Number(elf.readBigUInt64LE(32)), elf.readUInt16LE(54), elf.readUInt16LE(56)];
  return Array.from({ length: count }, (_, i) => elf.readUInt32LE(offset + i * size));
}

const PT_INTERP = 3;

function hasCompiler(): boolean {
  try {
    execFileSync("cc", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
