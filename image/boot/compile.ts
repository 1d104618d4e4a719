import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";

/** The compiled process 1, or why there is none. */
export type CompiledInit = { init: Uint8Array; reason: null } | { init: null; reason: string };

/** The flags `init.c` is written for; -s and no build id keep the bytes free of the machine that made them. */
export const INIT_FLAGS: readonly string[] = ["-std=c11", "-Wall", "-Wextra", "-Werror", "-static", "-O2", "-s", "-Wl,--build-id=none"];

/**
 * Compile `init.c` with the system's `cc`. Its bytes are part of PCR0 and PCR1, so nothing of the caller's environment
 * reaches the compiler: not CPATH or LIBRARY_PATH, which name other headers and libraries, and not another `cc` on its PATH.
 * Without a compiler or a static C library the answer says so.
 */
export async function compileInit(): Promise<CompiledInit> {
  const folder = await mkdtemp(path.join(tmpdir(), "caladrius-init-"));
  try {
    const output = path.join(folder, "init");
    await promisify(execFile)("cc", [...INIT_FLAGS, "-o", output, "init.c"], {
      cwd: import.meta.dirname,
      env: { ...ENVIRONMENT, TMPDIR: folder },
    });
    return { init: await readFile(output), reason: null };
  } catch (error) {
    const missing = error instanceof Error && "code" in error && error.code === "ENOENT";
    return {
      init: null,
      reason: missing
        ? `there is no C compiler (cc) in ${ENVIRONMENT.PATH.replace(":", " or ")}`
        : `cc failed: ${error instanceof Error ? error.message : String(error)}`,
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Where the source of process 1 lies. */
export const INIT_SOURCE: string = path.join(import.meta.dirname, "init.c");

/** cc finds assembler and linker by PATH, writes its own files into TMPDIR, and speaks the language of LC_ALL. */
const ENVIRONMENT = { PATH: "/usr/bin:/bin", LC_ALL: "C" };
