import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { afterAll, describe, expect, it } from "vitest";
import { bundleProgram, GOLDEN_FILE, goldenOf, type Golden } from "./golden.ts";
import { binaryOf, VERSIONS } from "./nodes.ts";
import { analyseAll } from "./program.ts";
import { goldenRecordings } from "./recordings.ts";

const CHROMIUM = "/usr/bin/chromium";
const recordings = goldenRecordings();
const golden = JSON.parse(readFileSync(GOLDEN_FILE, "utf8")) as Golden;
const program = await bundleProgram();
const encoded = [...recordings.values()].map((one) => Buffer.from(one).toString("base64"));
const folder = mkdtempSync(join(tmpdir(), "caladrius-reproducible-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const UNPACK = `const unpack = (text) => Uint8Array.from(atob(text), (one) => one.charCodeAt(0));`;

describe("findings of the golden recordings, bit for bit", () => {
  it("are those of the golden file here; else: node test/reproducible/write-golden.ts", () => {
    expect(goldenOf(recordings, analyseAll([...recordings.values()]))).toEqual(golden);
  });

  it("would differ for another sample", () => {
    const changed = new Map(recordings);
    const [name, bytes] = [...recordings].at(-1)!;
    const other = bytes.slice();
    other[other.length - 2000] = (other[other.length - 2000] ?? 0) ^ 1; // inside a column
    changed.set(name, other);
    expect(goldenOf(changed, analyseAll([...changed.values()]))).not.toEqual(golden);
  });

  describe.each(VERSIONS)("on Node %s (from node test/reproducible/nodes.ts)", (version) => {
    it.skipIf(!existsSync(binaryOf(version)))("are the same", () => {
      writeFileSync(join(folder, "program.mjs"), program);
      writeFileSync(join(folder, "recordings.json"), JSON.stringify(encoded));
      const run = `import { readFileSync } from "node:fs"; import { analyseAll } from "./program.mjs"; ${UNPACK}
      const said = analyseAll(JSON.parse(readFileSync("recordings.json", "utf8")).map(unpack));
      process.stdout.write(JSON.stringify({ version: process.versions.node, said }));`;
      writeFileSync(join(folder, "run.mjs"), run);
      const output = execFileSync(binaryOf(version), ["run.mjs"], { cwd: folder, encoding: "utf8", maxBuffer: 2 ** 28, env: {} });
      const told = JSON.parse(output) as { version: string; said: string[] };
      expect(told.version).toBe(version);
      expect(goldenOf(recordings, told.said)).toEqual(golden);
    });
  });

  it.skipIf(!existsSync(CHROMIUM))("are the same in Chromium", async () => {
    const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-gpu"] });
    try {
      const page = await browser.newPage();
      const code = `${program}; ${UNPACK} globalThis.run = (all) => analyseAll(all.map(unpack));`;
      await page.addScriptTag({ type: "module", content: code });
      await page.waitForFunction("globalThis.run !== undefined");
      const said = await page.evaluate<string[], string[]>(
        (all) => (globalThis as unknown as { run(all: string[]): string[] }).run(all),
        encoded,
      );
      console.log(`Chromium ${browser.version()}`);
      expect(goldenOf(recordings, said)).toEqual(golden);
    } finally {
      await browser.close();
    }
  });
});
