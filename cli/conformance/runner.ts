import { basename } from "node:path";
import { UsageError } from "../exit.ts";
import type { Vector } from "./kit.ts";

/** Somebody's verifier as a command line. */
export interface Runner {
  name: string;
  /** the program and its arguments, with placeholders */
  words: readonly [program: string, ...args: string[]];
}

/** What stands in the command line where the values of a vector go. */
export const PLACEHOLDERS = ["input", "trust", "mode", "time", "nonce", "maxAge"] as const;

/**
 * Reads `[NAME=]PROGRAM ARGUMENTS…`. Words are split at white space; '…' keeps everything, "…" and \ as in a shell, and
 * nothing else is special: no shell runs. All six placeholders must be there, so that no verifier is judged by what it was not told.
 * @throws UsageError
 */
export function parseRunner(text: string): Runner {
  const named = /^([A-Za-z0-9@][A-Za-z0-9@._/+-]*)=(.*)$/s.exec(text);
  const [, name = null, command = text] = named ?? [];
  const [program, ...args] = splitWords(command);
  if (program === undefined || program === "") throw new UsageError(`--runner ${JSON.stringify(text)} names no program`, EXAMPLE);
  const found = new Set([program, ...args].flatMap((word) => [...word.matchAll(PLACEHOLDER)].map(([, key = ""]) => key)));
  const missing = PLACEHOLDERS.find((key) => !found.has(key));
  if (missing !== undefined) throw new UsageError(`--runner ${JSON.stringify(text)} has no {${missing}}`, EXAMPLE);
  const unknown = [...found].find((key) => !PLACEHOLDERS.some((one) => one === key));
  if (unknown !== undefined) throw new UsageError(`--runner: {${unknown}} is not one of {${PLACEHOLDERS.join("} {")}}`, EXAMPLE);
  return { name: name ?? basename(program), words: [program, ...args] };
}

/** Runners with names of their own. @throws UsageError when two have one name */
export function parseRunners(texts: readonly string[]): Runner[] {
  const runners = texts.map(parseRunner);
  const names = runners.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new UsageError(`two runners are named ${twice}`, 'write --runner "NAME=PROGRAM …"');
  return runners;
}

/** The command line for one vector; what a vector does not have is `-`. */
export function wordsFor({ words }: Runner, vector: Vector): [program: string, ...args: string[]] {
  const values: Readonly<Record<string, string>> = {
    input: vector.input,
    trust: vector.trust,
    mode: vector.mode,
    time: vector.time ?? "-",
    nonce: vector.nonce ?? "-",
    maxAge: vector.maxAgeSeconds === null ? "-" : String(vector.maxAgeSeconds),
  };
  const fill = (word: string): string => word.replaceAll(PLACEHOLDER, (whole, key: string) => values[key] ?? whole);
  const [program, ...args] = words;
  return [fill(program), ...args.map(fill)];
}

/** @throws UsageError for a quote that is not closed */
function splitWords(text: string): string[] {
  const words: string[] = [];
  let word: string | null = null;
  const piece = /\s+|'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)|([^\s'"\\]+)/gsy;
  let at = 0;
  while (at < text.length) {
    piece.lastIndex = at;
    const match = piece.exec(text);
    if (match === null) throw new UsageError(`--runner ${JSON.stringify(text)} has a quote that is not closed`);
    at = piece.lastIndex;
    const [, single, double, escaped, plain] = match;
    const part = single ?? double?.replaceAll(/\\(["\\])/g, "$1") ?? escaped ?? plain;
    if (part !== undefined) word = (word ?? "") + part;
    else if (word !== null) {
      words.push(word);
      word = null;
    }
  }
  if (word !== null) words.push(word);
  return words;
}

const PLACEHOLDER = /\{([A-Za-z]+)\}/g;
const EXAMPLE = 'write --runner "NAME=PROGRAM {input} {trust} {mode} {time} {nonce} {maxAge}"';
