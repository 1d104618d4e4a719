import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EXIT } from "./exit.ts";

const program = fileURLToPath(new URL("caladrius.mjs", import.meta.url));
let folder = "";
let refused: readonly string[] = [];
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "caladrius-lost-"));
  const trust = join(folder, "trust.json");
  writeFileSync(trust, JSON.stringify({ roots: ["aws-nitro-root-g1"], pcrs: [] }));
  const [file, other] = [join(folder, "a.attested"), join(folder, "b.attested")];
  for (const path of [file, other]) writeFileSync(path, "no result");
  refused = ["verify", file, other, "--trust", trust, "--json"];
});
afterAll(() => rmSync(folder, { recursive: true }));

describe("output that nobody gets", () => {
  it("does not turn a refusal into success when its reader goes away", { timeout: 20_000 }, async () => {
    const child = spawn(process.execPath, [program, ...refused], { stdio: ["ignore", "pipe", "pipe"] });
    child.stdout.destroy();
    const code = await new Promise((resolve) => child.on("exit", resolve));
    expect(code).toBe(EXIT.contraindicated);
  });

  it.runIf(existsSync("/dev/full"))("is told where it cannot be written", { timeout: 20_000 }, () => {
    const run = spawnSync("sh", ["-c", 'exec "$0" "$@" > /dev/full', process.execPath, program, ...refused], { encoding: "utf8" });
    expect(run).toMatchObject({ status: EXIT.unreachable, stderr: expect.stringContaining("the disk is full (ENOSPC)") as string });
  });

  it("says that there is no room, and leaves no half of a file", { timeout: 20_000 }, () => {
    const out = join(folder, "out", "bundle.json");
    const words = ["key", "show", "--key", join(folder, "me.key"), "--out", out];
    spawnSync(process.execPath, [program, ...words.slice(0, 4)]);
    const run = spawnSync("sh", ["-c", 'ulimit -f 0; exec "$0" "$@"', process.execPath, program, ...words], { encoding: "utf8" });
    expect(run.stderr).toContain(`${out} cannot be written (EFBIG): there is no room`);
    expect([run.status, readdirSync(join(folder, "out"))]).toEqual([EXIT.unreachable, []]);
  });
});
