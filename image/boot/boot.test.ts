import { execFile, execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { compileInit, INIT_FLAGS } from "./compile.ts";

const run = promisify(execFile);
const PT_INTERP = 3;
const WARNINGS = ["-Wall", "-Wextra", "-Werror"];
const SANITIZERS = ["-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"];
const COMPILERS = ["gcc", "clang"]
  .filter((compiler) => hasCompiler(compiler))
  .flatMap((compiler) => ["c11", "gnu11"].map((standard) => ({ compiler, flags: [`-std=${standard}`, "-static", "-O2"] })));
let folder: string;
beforeAll(async () => void (folder = await mkdtemp(path.join(tmpdir(), "init-test-"))));
afterEach(() => void vi.unstubAllEnvs());
afterAll(() => rm(folder, { recursive: true, force: true }));

describe.skipIf(!hasCompiler())("init.c (needs cc)", () => {
  it("compiles without a warning into one static program, twice the same", async () => {
    const [one, two] = await Promise.all([compileInit(), compileInit()]);
    expect(one.reason).toBeNull();
    expect(Buffer.from(one.init ?? []).equals(Buffer.from(two.init ?? []))).toBe(true);
    expect(programHeaderTypes(Buffer.from(one.init ?? []))).not.toContain(PT_INTERP);
  });

  it("is not changed by what the caller's environment says to compilers", async () => {
    const plain = await compileInit();
    const other = path.join(folder, "other");
    await mkdir(path.join(other, "linux"), { recursive: true });
    for (const header of ["errno.h", "stdio.h", "linux/random.h"]) await writeFile(path.join(other, header), '#error "not this one"\n');
    for (const file of ["libc.a", "crt1.o"]) await writeFile(path.join(other, file), "not this one");
    for (const tool of ["cc", "as", "ld"]) await writeFile(path.join(other, tool), "#!/bin/sh\nexit 99\n", { mode: 0o755 });
    const searched = ["CPATH", "C_INCLUDE_PATH", "LIBRARY_PATH", "LD_LIBRARY_PATH", "COMPILER_PATH"];
    for (const name of searched) vi.stubEnv(name, other);
    vi.stubEnv("GCC_EXEC_PREFIX", `${other}/`);
    vi.stubEnv("PATH", `${other}:${process.env["PATH"] ?? ""}`);
    vi.stubEnv("SOURCE_DATE_EPOCH", "12345");
    vi.stubEnv("TMPDIR", folder);
    vi.stubEnv("LDEMULATION", "none");
    const same = await compileInit();
    expect(same.reason).toBeNull();
    expect(Buffer.from(same.init ?? []).equals(Buffer.from(plain.init ?? []))).toBe(true);
  });

  it("does nothing when it is not process 1", async () => {
    const { init } = await compileInit();
    await writeFile(path.join(folder, "init"), init ?? "", { mode: 0o755 });
    await expect(run(path.join(folder, "init"))).rejects.toMatchObject({
      code: 1,
      stderr: "caladrius init: start: this is process 1 of an enclave, and nothing else\n",
    });
  });

  it.each(COMPILERS)("compiles without a warning with $compiler $flags", async ({ compiler, flags }) => {
    await run(compiler, [...WARNINGS, ...flags, "-o", path.join(folder, compiler), "init.c"], { cwd: import.meta.dirname });
  });

  it("relays, reads its files and speaks to the NSM as init.test.c says", async () => {
    expect(await runParts([...INIT_FLAGS])).toEqual({ stdout: "", stderr: "" });
  }, 60_000);

  it.skipIf(!hasSanitizers())(
    "does so under AddressSanitizer and UndefinedBehaviorSanitizer (needs libasan, libubsan)",
    async () => {
      expect(await runParts([...WARNINGS, "-std=c11", "-O1", ...SANITIZERS])).toEqual({ stdout: "", stderr: "" });
    },
    60_000,
  );
});

/** The parts of init.c that need no enclave; what they print is what failed. */
async function runParts(flags: readonly string[]): Promise<{ stdout: string; stderr: string }> {
  const program = path.join(folder, `parts-${flags.length}`);
  await run("cc", [...flags, "-Wl,--wrap=ioctl,--wrap=read,--wrap=write,--wrap=send,--wrap=poll", "-o", program, "init.test.c"], {
    cwd: import.meta.dirname,
  });
  return run(program);
}

/** ELF-64, little-endian: e_phoff at 32, e_phentsize at 54, e_phnum at 56. */
function programHeaderTypes(elf: Buffer): number[] {
  expect(elf.subarray(0, 6)).toEqual(Buffer.from("\x7fELF\x02\x01", "latin1"));
  const [offset, size, count] = [Number(elf.readBigUInt64LE(32)), elf.readUInt16LE(54), elf.readUInt16LE(56)];
  return Array.from({ length: count }, (_, i) => elf.readUInt32LE(offset + i * size));
}

function hasCompiler(name = "cc"): boolean {
  try {
    execFileSync(name, ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

function hasSanitizers(): boolean {
  try {
    execFileSync("cc", [...SANITIZERS, "-x", "c", "-o", "/dev/null", "-"], { input: "int main(void) { return 0; }", stdio: "pipe" });
    return true;
  } catch {
    return false;
  }
}
