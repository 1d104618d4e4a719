import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const installed = existsSync(here("node_modules/@turnkey/crypto"));
const clock = existsSync("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1");
const ACCEPTED = 0;
const REFUSED = 10;
const CANNOT = 20;

// The kit's first vector is a genuine document and a byte behind it.
const vector = (file: string): string => here(`../../attestation-verifier/vectors/001-trailing-zero/${file}`);
const { time } = JSON.parse(readFileSync(vector("manifest.json"), "utf8")) as { time: string };
const trust = JSON.parse(readFileSync(vector("trust.json"), "utf8")) as { roots: string[]; pcrs: Record<string, string>[] };
const trailing = readFileSync(vector("input.cose"));
const genuine = trailing.subarray(0, -1);
const forged = Buffer.from(genuine);
forged[forged.length - 1] = (forged.at(-1) ?? 0) ^ 1;

/** What one run is given; whatever is left out is as in the genuine case. */
interface Given {
  document?: Buffer;
  name?: string;
  trust?: object;
  time?: string;
  nonce?: string;
}

let dir = "";
let runs = 0;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "adapters-"));
});
afterAll(() => rmSync(dir, { recursive: true }));

function run(adapter: string, given: Given = {}): Promise<{ exit: number | null; said: string }> {
  const n = runs++;
  const input = join(dir, given.name ?? `${n}.cose`);
  const trustFile = join(dir, `${n}.json`);
  writeFileSync(input, given.document ?? genuine);
  writeFileSync(trustFile, JSON.stringify(given.trust ?? trust));
  const args = [here(`${adapter}.mjs`), input, trustFile, "archived", given.time ?? time, given.nonce ?? "-", "-"];
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "pipe"] });
    let said = "";
    child.stderr.on("data", (chunk: Buffer) => (said += String(chunk)));
    child.on("close", (exit) => resolve({ exit, said }));
  });
}

describe.skipIf(!installed)("adapters of the npm peers (npm ci --prefix bench/peers)", () => {
  const exits = async (adapter: string, cases: readonly Given[]): Promise<(number | null)[]> =>
    (await Promise.all(cases.map((given) => run(adapter, given)))).map(({ exit }) => exit);
  const otherImage = { ...trust, pcrs: [{ ...trust.pcrs[0], "0": "77".repeat(48) }] };
  const dayLater = new Date(Date.parse(time) + 2 * 86_400_000).toISOString();

  it("let the WebAssembly peer decide about signature, image and time under the kit's root", async () => {
    expect(await exits("evervault-wasm", [{}, { document: forged }, { trust: otherImage }, { time: dayLater }])).toEqual([
      ACCEPTED,
      REFUSED,
      REFUSED,
      REFUSED,
    ]);
  });

  it("let the peer of parts decide about signature and image; it looks at no dates", async () => {
    expect(await exits("turnkey", [{}, { document: forged }, { trust: otherImage }, { time: dayLater }])).toEqual([
      ACCEPTED,
      REFUSED,
      REFUSED,
      ACCEPTED,
    ]);
  });

  it.skipIf(!clock)("let the native peer decide under a clock of its own", async () => {
    const [good, ...bad] = await exits("evervault-native", [{}, { document: forged }, { time: dayLater }]);
    expect([ACCEPTED, CANNOT]).toContain(good); // the latter where user_data holds no TLS key
    expect(bad).toEqual([REFUSED, REFUSED]);
  });

  it.each(["evervault-wasm", "evervault-native", "turnkey"])("have %s say what it cannot be given", async (adapter) => {
    const cases: Given[] = [
      { name: `${adapter}.attested` },
      { trust: { ...trust, roots: [...trust.roots, "aws-nitro-root-g1"] } },
      { trust: { ...trust, regions: ["eu-central-1"] } },
      { trust: { ...trust, allowDebug: "false" } },
    ];
    const answers = await Promise.all(cases.map((given) => run(adapter, given)));
    expect(answers.map(({ exit }) => exit)).toEqual([CANNOT, CANNOT, CANNOT, CANNOT]);
    for (const { said } of answers) expect(said).toMatch(/reads|holds|cannot/);
  });

  it("have registers and nonces refused by name where a library knows none", async () => {
    const pinned = { ...trust, pcrs: [{ ...trust.pcrs[0], "16": "aa".repeat(48) }] };
    expect(await run("evervault-wasm", { trust: pinned })).toEqual({ exit: CANNOT, said: "cannot be given PCR16\n" });
    expect(await exits("evervault-native", [{ nonce: "0011" }])).toEqual([CANNOT]);
    expect(await exits("evervault-wasm", [{ nonce: "0011" }])).toEqual([REFUSED]);
    expect(await exits("turnkey", [{ nonce: "0011" }])).toEqual([REFUSED]);
  });
});
