import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EXIT } from "../exit.ts";
import { isForRunners, type Vector } from "./kit.ts";
import { defaultKitFolder, kitDigest, readKit } from "./read-kit.ts";
import { RULES } from "./rules.ts";
import { call } from "../test-support/call.ts";

const root = join(import.meta.dirname, "..", "..");
const text = readFileSync(join(root, "docs", "CONFORMANCE.md"), "utf8");
const HOSTILE_HOST = "test/hostile-host.test.ts";
const SUBMIT = "test/submit/submit.test.ts";
const APPRAISE = "attestation-verifier/appraise/appraise.test.ts";
const IMPOSTOR = "a host that shows evidence of something else";
const REMEMBERS = "a verifier that remembers signatures";
const SESSIONS = "cli/conformance/sessions.test.ts";
const SIX = "{input} {trust} {mode} {time} {nonce} {maxAge}";

/** What one input cannot show, because it needs two of them, a session, or a place where no bytes come from. */
const NAMED_TESTS: readonly { rule: string; file: string; suite: string; name: string }[] = [
  { rule: "reject-35", file: SESSIONS, suite: "one document", name: "does not answer a second question" },
  { rule: "reject-35", file: HOSTILE_HOST, suite: IMPOSTOR, name: "is refused: genuine evidence of an earlier question" },
  { rule: "reject-41", file: HOSTILE_HOST, suite: IMPOSTOR, name: "is refused: another identity under genuine evidence" },
  {
    rule: "reject-41",
    file: SUBMIT,
    suite: "submit before anything is sealed",
    name: "refuses another enclave's identity under this evidence",
  },
  {
    rule: "reject-42",
    file: SESSIONS,
    suite: "one document",
    name: "says the same in each of its shapes, so that nothing can be keyed on its bytes",
  },
  { rule: "reject-43", file: HOSTILE_HOST, suite: IMPOSTOR, name: "is refused: another simulator with a root of its own" },
  { rule: "reject-43", file: APPRAISE, suite: "appraisal", name: "takes a simulator only where the policy says so" },
  { rule: "reject-45", file: SESSIONS, suite: REMEMBERS, name: "judges each certificate's end again" },
  { rule: "reject-45", file: SESSIONS, suite: REMEMBERS, name: "does not take a revoked certificate that it has seen before" },
];

let vectors: readonly Vector[] = [];
let scratch = "";
beforeAll(async () => {
  ({ vectors } = await readKit(defaultKitFolder()));
  scratch = mkdtempSync(join(tmpdir(), "caladrius-document-"));
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

describe("docs/CONFORMANCE.md", () => {
  it("has the catalogue that the kit has (write it with: npm run vitest -- cli/conformance/document -u)", async () => {
    await expect(withBlock("catalogue", catalogue())).toMatchFileSnapshot("../../docs/CONFORMANCE.md");
  });

  it("shows every rule by a vector or a named test", () => {
    const shown = new Set([...vectors.map(({ rule }) => rule), ...NAMED_TESTS.map(({ rule }) => rule)]);
    expect([...RULES.keys()].filter((rule) => !shown.has(rule))).toEqual([]);
  });

  it.each(NAMED_TESTS)("names a test that exists: $suite $name", ({ file, suite, name }) => {
    const source = readFileSync(join(root, file), "utf8");
    expect(source).toContain(`describe("${suite}"`);
    expect(source).toContain(`it("${name}"`);
  });

  it("shows a runner that works", async () => {
    const script = /```sh\n(#!\/bin\/sh\n[^`]*)```/.exec(text)?.[1] ?? "";
    const folder = join(scratch, "bin");
    mkdirSync(folder);
    writeFileSync(join(scratch, "runner.sh"), script);
    const program = join(root, "cli", "caladrius.mjs");
    writeFileSync(join(folder, "caladrius"), `#!/bin/sh\nexec "${process.execPath}" "${program}" "$@"\n`, { mode: 0o755 });
    const command = `env "PATH=${folder}:${process.env["PATH"]}" sh "${join(scratch, "runner.sh")}" ${SIX}`;
    const askable = vectors.filter((vector) => isForRunners(vector) && vector.kind === "document" && vector.expected.exit !== 20);
    const archived = askable.filter(({ mode }) => mode === "archived");
    const accepted = archived.filter(({ expected }) => expected.exit === 0).slice(0, 3);
    const refused = archived.filter(({ expected }) => expected.exit !== 0).slice(-3);
    const live = askable.filter(({ mode }) => mode === "live").slice(0, 2);
    const only = [...accepted, ...refused, ...live].flatMap(({ id }) => ["--only", id]);
    const { code, stdout } = await call("conformance", "--json", "--runner", command, ...only);
    expect(code, stdout).toBe(EXIT.ok);
    expect(JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "")).toMatchObject({
      verifiers: [{ counts: { agrees: accepted.length + refused.length, cannot: live.length } }],
    });
    expect([accepted.length, refused.length, live.length]).toEqual([3, 3, 2]);
  });
});

describe("the table of other verifiers", () => {
  const block = /<!-- peers: begin -->\n([^]*)<!-- peers: end -->/.exec(text)?.[1] ?? "";

  it("is of this kit: run the command above it again when this fails", async () => {
    expect(/^\d+ vectors.*SHA-256 of what was asked: `([0-9a-f]{64})`/m.exec(block)?.[1]).toBe(await kitDigest(vectors));
  });

  it("names vectors that the kit has, under their rules", () => {
    const lines = [...block.matchAll(/^\| ((?:reject|accept)-\d+|code) \| `([^`]+)`: (.*?) \|/gm)];
    expect(lines.length).toBeGreaterThan(0);
    for (const [, rule, id, title] of lines) expect(vectors.find((vector) => vector.id === id)).toMatchObject({ rule, title });
  });

  it("names the versions that are installed for it", () => {
    const installed = JSON.parse(readFileSync(join(root, "bench/peers/package.json"), "utf8")) as { dependencies: Record<string, string> };
    const named = [...block.matchAll(/^\| `(@[^`]+)@([^`@]+)` \|/gm)];
    expect(named.length).toBe(3);
    for (const [, name = "", version] of named) expect(installed.dependencies[name]).toBe(version);
  });
});

/** The document with one of its blocks written anew. */
function withBlock(name: string, lines: readonly string[]): string {
  const [begin, end] = [`<!-- ${name}: begin -->`, `<!-- ${name}: end -->`];
  const [head = "", rest = ""] = text.split(begin);
  return `${head}${begin}\n${lines.join("\n")}\n${end}${rest.split(end)[1] ?? ""}`;
}

function catalogue(): string[] {
  const rows = [...RULES].map(([rule, sentence]) => ({ rule, sentence, shown: shownBy(rule) }));
  const table = (word: string): string[] => [
    "| rule | | vectors |",
    "| --- | --- | --- |",
    ...rows.filter(({ rule }) => rule.startsWith(word)).map(({ rule, sentence, shown }) => `| ${rule} | ${sentence} | ${shown} |`),
  ];
  const refused = vectors.filter(({ expected }) => expected.exit !== 0).length;
  return [
    `${vectors.length} vectors: ${refused} to refuse, ${vectors.length - refused} to accept.`,
    "",
    "### Must refuse",
    "",
    ...table("reject"),
    "",
    "### Must accept",
    "",
    ...table("accept"),
    "",
    "### Reason codes",
    "",
    ...table("code"),
    "",
    "### What one input cannot show",
    "",
    "Some rules need two documents, a session or the program around the verifier. These tests show them:",
    "",
    "| rule | test | file |",
    "| --- | --- | --- |",
    ...NAMED_TESTS.map(({ rule, file, suite, name }) => `| ${rule} | ${suite} ${name} | \`${file}\` |`),
  ];
}

/** Numbers of the vectors of a rule, runs of them shortened. */
function shownBy(rule: string): string {
  const numbers = vectors.filter((vector) => vector.rule === rule).map(({ id }) => Number(id.slice(0, 3)));
  const runs: [number, number][] = [];
  for (const number of numbers) {
    const last = runs.at(-1);
    if (last !== undefined && number === last[1] + 1) last[1] = number;
    else runs.push([number, number]);
  }
  const three = (number: number): string => String(number).padStart(3, "0");
  const named = NAMED_TESTS.some((test) => test.rule === rule) ? ["named test"] : [];
  return [...runs.map(([first, last]) => (first === last ? three(first) : `${three(first)}–${three(last)}`)), ...named].join(", ");
}
