import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EXIT } from "../exit.ts";
import { isForRunners } from "./kit.ts";
import { defaultKitFolder, readKit } from "./read-kit.ts";
import { call } from "../test-support/call.ts";
import { ACCEPTED, EMPTY_REFUSED, manifest, shellRunner, writeKit } from "./test-support/mini-kit.ts";

const json = (value: unknown): string => JSON.stringify(value);
let kit = "";
let scratch = "";
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), "caladrius-conformance-"));
  kit = writeKit({
    "001-refused": {},
    "002-accepted": { "manifest.json": json(manifest("002-accepted", { rule: "accept-3" })), "expected.json": json(ACCEPTED) },
    "003-unsupported": {
      "manifest.json": json(manifest("003-unsupported", { rule: "code", mode: "archived", time: null, maxAgeSeconds: null })),
      "expected.json": json({ ...EMPTY_REFUSED, exit: 20, code: "trust-unsupported", stage: "trust" }),
    },
    "004-only-here": { "manifest.json": json(manifest("004-only-here", { consistency: "report" })) },
  });
});
afterAll(() => {
  for (const folder of [kit, scratch]) rmSync(folder, { recursive: true, force: true });
});

interface Row {
  vector: string;
  verifier: string;
  outcome: string;
  how: string | null;
}
interface Summary {
  vectors: number;
  diverges: boolean;
  verifiers: { name: string; diverges: boolean; counts: Record<string, number> }[];
}

async function outcomes(...words: string[]): Promise<{ code: number; rows: Row[]; summary: Summary }> {
  const { code, stdout } = await call("conformance", "--json", "--vectors", kit, ...words);
  const lines = stdout.trimEnd().split("\n");
  const objects = lines.map((line) => JSON.parse(line) as unknown);
  return { code, rows: objects.slice(0, -1) as Row[], summary: objects.at(-1) as Summary };
}
const runner = (name: string, script: string): string[] => ["--runner", shellRunner(name, script)];

describe("conformance of runners", () => {
  // what each says, and what that is worth for a vector to refuse, one to accept and one that may be unsupported
  it.each([
    ["always yes", "exit 0", ["accepts", "agrees", "accepts"]],
    ["always no", "exit 10", ["agrees", "refuses", "agrees"]],
    ["always malformed", "exit 30", ["agrees", "refuses", "agrees"]],
    ["never can", "exit 20", ["cannot", "cannot", "agrees"]],
    ["another code", "exit 7", ["broken", "broken", "broken"]],
    ["a crash", "kill -SEGV $$", ["broken", "broken", "broken"]],
  ])("%s", async (_what, script, expected) => {
    const { code, rows, summary } = await outcomes(...runner("peer", script));
    expect(rows.map(({ outcome }) => outcome)).toEqual([...expected, "not for runners"]);
    const diverges = expected.some((outcome) => ["accepts", "refuses", "broken"].includes(outcome));
    expect(code).toBe(diverges ? EXIT.contraindicated : EXIT.ok);
    expect(summary).toMatchObject({ vectors: 4, diverges, verifiers: [{ name: "peer", diverges }] });
    const counts = summary.verifiers[0]?.counts ?? {};
    for (const outcome of ["agrees", "accepts", "refuses", "cannot", "broken"])
      expect(counts[outcome]).toBe(expected.filter((one) => one === outcome).length);
  });

  it("compares several, row by row", async () => {
    const three = [...runner("yes", "exit 0"), ...runner("no", "exit 10"), ...runner("shy", "exit 20")];
    const { stdout, code } = await call("conformance", "--vectors", kit, ...three);
    expect(code).toBe(EXIT.contraindicated);
    const lines = stdout.split("\n").map((line) => line.trim().split(/ {2,}/));
    expect(lines).toContainEqual(["yes", "1", "2", "0", "0", "0"]);
    expect(lines).toContainEqual(["no", "2", "0", "1", "0", "0"]);
    expect(lines).toContainEqual(["shy", "1", "0", "0", "2", "0"]);
    expect(lines).toContainEqual(["rule", "vector", "must be", "yes", "no", "shy"]);
    expect(lines).toContainEqual(["reject-2", "001-refused", "refused", "ACCEPTS", "agrees", "cannot"]);
    expect(lines).toContainEqual(["accept-3", "002-accepted", "accepted", "agrees", "refuses", "cannot"]);
    expect(stdout).toContain("not for runners: 1");
    expect(stdout).toContain("divergences over 3 vectors: yes, no");
  });

  it("writes the same as Markdown", async () => {
    const { stdout } = await call("conformance", "--markdown", "--vectors", kit, ...runner("a-b", "exit 0"));
    expect(stdout).toMatch(/^3 vectors, 2 to refuse and 1 to accept\. SHA-256 of what was asked: `[0-9a-f]{64}`\.$/m);
    expect(stdout).toContain("| `a-b` | 1 | 2 | 0 | 0 | 0 |");
    expect(stdout).toContain("| reject-2 | `001-refused`: vector 001-refused | refused | **ACCEPTS** |");
    expect(await call("conformance", "--markdown", "--vectors", kit, ...runner("no", "exit 10"), "--only", "001")).toMatchObject({
      code: EXIT.ok,
      stdout: expect.stringContaining("Nothing diverges.") as string,
    });
  });

  it("tells a runner what the vector says", async () => {
    const said = join(scratch, "said");
    await outcomes(...runner("peer", `printf "%s\\n" "$@" >>"${said}"; exit 10`), "--only", "001-refused");
    const trust = join(kit, "001-refused", "trust.json");
    const input = join(kit, "001-refused", "input.cose");
    expect(readFileSync(said, "utf8").trimEnd().split("\n")).toEqual([input, trust, "live", "2026-11-21T10:00:00.000Z", "-", "300"]);
  });

  it("says how a runner broke, in its own last words", async () => {
    const { rows } = await outcomes(...runner("peer", "echo first >&2; echo no such root >&2; exit 3"), "--only", "001");
    expect(rows).toMatchObject([{ outcome: "broken", how: "exit code 3: no such root" }]);
    const thrown = await outcomes(...runner("peer", "echo TypeError: no key >&2; echo at x.mjs >&2; exit 1"), "--only", "001");
    expect(thrown.rows).toMatchObject([{ how: "exit code 1: TypeError: no key" }]);
    const { stdout } = await call("conformance", "--vectors", kit, ...runner("peer", "exit 3"));
    expect(stdout).toContain("peer: 001-refused: expected envelope-size, found exit code 3");
  });

  it("ends a runner that does not end, and what it began", async () => {
    const began = join(scratch, "began");
    const { rows } = await outcomes(...runner("peer", `sleep 300 & echo $! >"${began}"; wait`), "--only", "001", "--timeout", "1");
    expect(rows).toMatchObject([{ outcome: "broken", how: "no answer within 1 s" }]);
    await untilGone(began);
  });

  it("ends its runners when it is ended itself", async () => {
    const began = join(scratch, "began-too");
    const program = join(import.meta.dirname, "..", "caladrius.mjs");
    const words = [program, "conformance", "--vectors", kit, "--only", "001", ...runner("peer", `echo $$ >"${began}"; sleep 300`)];
    const child = spawn(process.execPath, words, { stdio: "ignore" });
    while (!existsSync(began) || readFileSync(began, "utf8") === "") await sleep(20);
    child.kill("SIGTERM");
    expect(await once(child, "exit")).toEqual([null, "SIGTERM"]);
    await untilGone(began);
  });

  it("says that a runner cannot be started", async () => {
    const words = "{input} {trust} {mode} {time} {nonce} {maxAge}";
    const { code, stderr } = await call("conformance", "--vectors", kit, "--runner", `${join(scratch, "none")} ${words}`);
    expect(code).toBe(EXIT.unreachable);
    expect(stderr).toContain("cannot be started (ENOENT)");
  });
});

describe("conformance of this build", () => {
  it("compares codes as well", async () => {
    const { code, rows } = await outcomes();
    expect(code).toBe(EXIT.contraindicated);
    expect(rows.map(({ vector, outcome }) => [vector, outcome])).toEqual([
      ["001-refused", "agrees"],
      ["002-accepted", "refuses"],
      ["003-unsupported", "differs"],
      ["004-only-here", "agrees"],
    ]);
    const { stdout } = await call("conformance", "--vectors", kit);
    expect(stdout).toContain("003-unsupported: expected trust-unsupported, found envelope-size");
  });

  it("judges a trust file that is none", async () => {
    const folder = writeKit({
      "001-a": { "trust.json": "{", "expected.json": json({ ...EMPTY_REFUSED, code: "trust-json", stage: "trust" }) },
    });
    expect(await call("conformance", "--vectors", folder)).toMatchObject({ code: EXIT.ok });
    rmSync(folder, { recursive: true });
  });
});

describe("the kit of this repository", () => {
  it("finds no divergence in this build", async () => {
    const { code, stdout } = await call("conformance");
    expect(code, stdout).toBe(EXIT.ok);
    expect(stdout).toContain("no divergence");
  });

  it("finds none through the runner interface either", async () => {
    const { vectors } = await readKit(defaultKitFolder());
    const program = join(import.meta.dirname, "../../bench/peers/caladrius.mjs");
    const values = "{input} {trust} {mode} {time} {nonce} {maxAge}";
    // every 40th, and each kind of answer
    const some = vectors.filter(isForRunners).filter((vector, i, all) => {
      const kind = ({ kind: input, mode, expected }: typeof vector): string => `${input} ${mode} ${expected.exit}`;
      return i % 40 === 0 || all.findIndex((one) => kind(one) === kind(vector)) === i;
    });
    expect(some.length).toBeGreaterThan(9);
    const words = ["--runner", `"${process.execPath}" "${program}" ${values}`, ...some.flatMap(({ id }) => ["--only", id])];
    const { code, stdout } = await call("conformance", "--json", ...words);
    expect(code, stdout).toBe(EXIT.ok);
    const summary = JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "") as Summary;
    expect(summary.verifiers[0]?.counts).toMatchObject({ agrees: some.length, cannot: 0, broken: 0 });
  });
});

describe("the command line of conformance", () => {
  it.each([
    [["--only", "001"], ["001-refused"]],
    [
      ["--only", "002-accepted", "--only", "001"],
      ["001-refused", "002-accepted"],
    ],
    [["--only", "accept-3"], ["002-accepted"]],
  ])("%j chooses", async (words, vectors) => {
    expect((await outcomes(...words)).rows.map(({ vector }) => vector)).toEqual(vectors);
  });

  it.each([
    [["--only", "001-refuse"], EXIT.usage, "did you mean 001-refused?"],
    [["--only", "nothing-like-it-at-all"], EXIT.usage, "has no vector"],
    [["--timeout", "0"], EXIT.usage, "--timeout"],
    [["--runner", "node x {input}"], EXIT.usage, "has no {trust}"],
    [["--json", "--markdown"], EXIT.usage, "two ways"],
  ])("%j is told what is wrong", async (words, code, problem) => {
    expect(await call("conformance", "--vectors", kit, ...words)).toMatchObject({
      code,
      stderr: expect.stringContaining(problem) as string,
    });
  });

  it("says that there is no kit", async () => {
    const { code, stderr } = await call("conformance", "--vectors", scratch.concat("-none"));
    expect(code).toBe(EXIT.unreachable);
    expect(stderr).toContain("there is no conformance kit at");
  });

  it("leaves nothing behind in the kit", () => {
    expect(readdirSync(join(kit, "001-refused")).toSorted()).toEqual(["expected.json", "input.cose", "manifest.json", "trust.json"]);
  });
});

/** Until the process whose number stands in the file has ended; one that its parent has not yet asked about counts as ended. */
async function untilGone(file: string): Promise<void> {
  const pid = readFileSync(file, "utf8").trim();
  while (/\) [^ZX] /.test(stateOf(pid))) await sleep(20);
}

function stateOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    return "";
  }
}
