import { describe, expect, it } from "vitest";
import { UsageError } from "../exit.ts";
import type { Vector } from "./kit.ts";
import { parseRunner, parseRunners, wordsFor } from "./runner.ts";

const ALL = "{input} {trust} {mode} {time} {nonce} {maxAge}";
const vector: Vector = {
  id: "001-a",
  title: "a",
  rule: "code",
  mode: "live",
  time: "2026-11-21T10:00:00.000Z",
  nonce: "00ff",
  maxAgeSeconds: 300,
  kind: "document",
  input: "/kit/001-a/with space $(x)/input.cose",
  trust: "/kit/001-a/trust.json",
  expected: { exit: 0, status: "affirming", code: "verified", reasons: ["verified"], stage: "verdict" },
  expect: null,
  consistency: null,
  crls: [],
};

describe("a runner's command line", () => {
  it.each([
    ["plain words", `node x.mjs ${ALL}`, ["node", "x.mjs"]],
    ["white space of all kinds", `  node \t x.mjs\n${ALL} `, ["node", "x.mjs"]],
    ["single quotes", `'my node' 'a"\\b' ${ALL}`, ["my node", 'a"\\b']],
    ["double quotes", `"my node" "a'\\"\\\\b\\c" ${ALL}`, ["my node", `a'"\\b\\c`]],
    ["escaped space", `my\\ node \\' ${ALL}`, ["my node", "'"]],
    ["pieces that touch", `a'b'"c"\\d ${ALL}`, ["abcd"]],
    ["empty words", `node '' "" ${ALL}`, ["node", "", ""]],
    ["nothing a shell would do", `node $HOME;ls|x>y * ${ALL}`, ["node", "$HOME;ls|x>y", "*"]],
  ])("takes %s", (_what, text, words) => {
    expect(parseRunner(text).words).toEqual([...words, ...ALL.split(" ")]);
  });

  it.each([
    [`peer=node x ${ALL}`, "peer", "node"],
    [`@scope/peer@1.2.3=node x ${ALL}`, "@scope/peer@1.2.3", "node"],
    [`/usr/bin/verify ${ALL}`, "verify", "/usr/bin/verify"],
    [`node --flag=x ${ALL}`, "node", "node"],
    [`peer=node --flag=x ${ALL}`, "peer", "node"],
  ])("names %s", (text, name, program) => {
    expect(parseRunner(text)).toMatchObject({ name, words: [program, ...parseRunner(text).words.slice(1)] });
  });

  it("puts values in once, whatever they hold", () => {
    const runner = parseRunner("v --in={input} {trust} {mode} {time} {nonce}:{maxAge}");
    expect(wordsFor(runner, { ...vector, input: "/kit/{trust}" })).toEqual([
      "v",
      "--in=/kit/{trust}",
      "/kit/001-a/trust.json",
      "live",
      "2026-11-21T10:00:00.000Z",
      "00ff:300",
    ]);
    const words = wordsFor(runner, { ...vector, mode: "archived", time: null, nonce: null, maxAgeSeconds: null });
    expect(words.slice(3)).toEqual(["archived", "-", "-:-"]);
    expect(wordsFor(runner, vector)[1]).toBe(`--in=${vector.input}`);
  });

  it("gives an empty nonce as an empty word", () => {
    expect(wordsFor(parseRunner(`v ${ALL}`), { ...vector, nonce: "" })[5]).toBe("");
  });

  it.each([
    ["", "no program"],
    ["  ", "no program"],
    ["name=", "no program"],
    [`'' ${ALL}`, "no program"],
    ["node {input} {trust} {mode} {time} {nonce}", "has no {maxAge}"],
    [`node ${ALL} {input2}`, null],
    [`node ${ALL} {root}`, "{root} is not one of"],
    [`node 'x ${ALL}`, "not closed"],
    [`node "x\\" ${ALL}`, "not closed"],
    [`node ${ALL} \\`, "not closed"],
  ])("%j", (text, problem) => {
    if (problem === null) expect(() => parseRunner(text)).not.toThrow();
    else expect(() => parseRunner(text)).toThrow(problem);
  });

  it("refuses two of one name", () => {
    expect(() => parseRunners([`node a ${ALL}`, `node b ${ALL}`])).toThrow(UsageError);
    expect(parseRunners([`a=node a ${ALL}`, `b=node b ${ALL}`]).map(({ name }) => name)).toEqual(["a", "b"]);
  });
});
