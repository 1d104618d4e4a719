import { spawnSync } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { writeResult } from "./output.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "caladrius-output-"));
});
afterEach(() => rm(folder, { recursive: true }));

/** Runs a piece of a program that may write files of `blocks` of 512 bytes at most, as on a disk that is full; gives what it printed. */
function withLittleRoom(blocks: number, code: string): string {
  const run = spawnSync("sh", ["-c", `ulimit -f ${blocks}; exec "$0" --no-warnings --input-type=module -e "$1"`, process.execPath, code], {
    encoding: "utf8",
  });
  expect(run.stderr).toBe("");
  return run.stdout;
}

const imported = (name: string): string => JSON.stringify(fileURLToPath(new URL(name, import.meta.url)));

describe("writeResult", () => {
  it("writes for the owner alone, keeps what is there, and replaces it only when told", async () => {
    const path = join(folder, "a.attested");
    await writeResult(path, new Uint8Array([1]), { outDir: folder, force: false });
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    await expect(writeResult(path, new Uint8Array([2]), { outDir: folder, force: false })).rejects.toMatchObject({ code: "output-exists" });
    expect([...(await readFile(path))]).toEqual([1]);
    await writeResult(path, new Uint8Array([3]), { outDir: folder, force: true });
    expect([...(await readFile(path))]).toEqual([3]);
    expect(await readdir(folder)).toEqual(["a.attested"]);
  });

  it.each([false, true])("leaves nothing half written where there is no room, and what was there (force: %s)", async (force) => {
    const path = join(folder, "a.attested");
    if (force) await writeFile(path, "the one before");
    const told = withLittleRoom(
      1,
      `const { writeResult } = await import(${imported("output.ts")});
       await writeResult(${JSON.stringify(path)}, new Uint8Array(100000), { outDir: null, force: ${force} }).catch((e) => console.log(e.code, e.path));`,
    );
    expect(told).toBe(`EFBIG ${path}\n`);
    expect(await readdir(folder)).toEqual(force ? ["a.attested"] : []);
    if (force) expect(await readFile(path, "utf8")).toBe("the one before");
  });
});

describe("openSubmitterKey", () => {
  it("leaves no part of a secret behind where there is no room for a key file", async () => {
    const path = join(folder, "me.key");
    const told = withLittleRoom(
      0,
      `const { openSubmitterKey } = await import(${imported("keys.ts")});
       await openSubmitterKey(${JSON.stringify(path)}).catch((e) => console.log(e.code));`,
    );
    expect(told).toBe("EFBIG\n");
    expect(await readdir(folder)).toEqual([]);
  });
});
