// What the adapters share: one call judges one attestation document with one library, and its exit code tells the verdict.
//   node bench/peers/NAME.mjs {input} {trust} {mode} {time} {nonce} {maxAge}
// input and trust are paths, mode is live or archived, time is ISO 8601, nonce hex, maxAge seconds; "-" = none.
// Exit: 0 accepted, 10 refused, 20 cannot be asked this (the reason stands on stderr); anything else is a crash of the library.
// Peers know neither allowDebug and allowSimulator nor a maximum age, and no documentation tells a caller to add them: they are left out.
import { readFileSync, realpathSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseTrustFile } from "@caladrius/attestation-verifier";

export const EXIT = { accepted: 0, refused: 10, cannot: 20 };
export const INSTALL = "npm ci --prefix bench/peers";

/** The library cannot be given what the vector needs: this says nothing about what it would decide. */
export class Cannot extends Error {}

/**
 * Runs `decide` when the module of this address is the program, not when it is imported.
 * @param {string} url the module's own import.meta.url
 * @param {(task: Task) => boolean | Promise<boolean>} decide true = accepted
 * @typedef {{ document: Uint8Array, root: string, pcrSets: Record<string, string>[], pcrsUsable: boolean, atMs: number | null, nonce: Uint8Array | null }} Task
 */
export async function runAdapter(url, decide) {
  if (process.argv[1] === undefined || realpathSync(process.argv[1]) !== fileURLToPath(url)) return;
  try {
    process.exitCode = (await decide(readTask(process.argv.slice(2)))) ? EXIT.accepted : EXIT.refused;
  } catch (error) {
    if (!(error instanceof Cannot)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = EXIT.cannot;
  }
}

function readTask([input = "", trust = "", mode = "", time = "-", nonce = "-"]) {
  if (input.endsWith(".attested")) throw new Cannot("reads attestation documents, not result files");
  const document = new Uint8Array(readFileSync(input));
  const { root, pcrSets, pcrsUsable } = readTrust(readFileSync(trust, "utf8"));
  // archived: the document's own time stands in where none is given
  const atMs = time !== "-" ? Date.parse(time) : mode === "archived" ? peekTimestampMs(document) : null;
  return { document, root, pcrSets, pcrsUsable, atMs, nonce: nonce === "-" ? null : new Uint8Array(Buffer.from(nonce, "hex")) };
}

/** One root (PEM, or the name of AWS's) and the sets of registers. What else a trust file may ask has no counterpart in a peer. */
function readTrust(text) {
  let file;
  try {
    file = JSON.parse(text);
  } catch {
    throw new Cannot("the trust file is no JSON: nothing to give to the library");
  }
  const asked = Object.entries(file).filter(([key, value]) => !GIVEN.has(key) && !isEmpty(value));
  if (asked.length > 0) throw new Cannot(`cannot be given ${asked.map(([key]) => key).join(", ")}`);
  if (!Array.isArray(file.roots) || file.roots.length !== 1) throw new Cannot("holds exactly one root");
  if (!Array.isArray(file.pcrs)) throw new Cannot("the trust file has no list of registers");
  const problem = trustProblem(text);
  if (problem !== null && !ABOUT_PCRS.has(problem))
    throw new Cannot(`cannot be asked about trust files, and this one is none (${problem})`);
  return { root: file.roots[0], pcrSets: file.pcrs, pcrsUsable: problem === null };
}

/** What is wrong with the trust file itself: a question to whoever reads it, which is the adapter. Registers are handed on as they are. */
function trustProblem(text) {
  try {
    parseTrustFile(text);
    return null;
  } catch (error) {
    return error.code;
  }
}

function isEmpty(value) {
  return value === false || value === null || (typeof value === "object" && Object.keys(value).length === 0);
}

/** Where a document says its time, without judging the rest; null when it is nowhere to be found. */
export function peekTimestampMs(document) {
  const at = find(document, "timestamp");
  if (at === null || document[at] !== 0x1b) return null;
  const ms = Number(Buffer.from(document).readBigUInt64BE(at + 1));
  return ms < MAX_DATE_MS ? ms : null;
}

/** What stands behind the key user_data, without judging the rest; null when it is null or nowhere to be found. */
export function peekUserData(document) {
  const at = find(document, "user_data");
  const [head, one = 0, two = 0] = at === null ? [] : document.subarray(at, at + 3);
  if (at === null || head === undefined || head >> 5 !== 2) return null;
  if (head < 0x58) return document.slice(at + 1, at + 1 + (head & 31));
  if (head === 0x58) return document.slice(at + 2, at + 2 + one);
  return head === 0x59 ? document.slice(at + 3, at + 3 + one * 256 + two) : null;
}

function find(document, key) {
  const word = Buffer.from([0x60 + key.length, ...Buffer.from(key, "latin1")]);
  const at = Buffer.from(document).indexOf(word);
  return at < 0 || at + word.length + 9 > document.length ? null : at + word.length;
}

/** A copy of the binary in which the one PEM certificate it holds is the given one, filled up with line ends to the same length. */
export function replacePem(binary, pem) {
  if (pem === AWS_ROOT_NAME) return binary;
  const begin = binary.indexOf(BEGIN);
  const end = binary.indexOf(END, begin) + END.length;
  if (begin < 0 || binary.indexOf(BEGIN, begin + 1) >= 0) throw new Error("expected one PEM certificate in the library");
  const base64 = pem.replace(BEGIN, "").replace(END, "").replaceAll(/\s/g, "");
  const text = `${BEGIN}\n${base64}\n${END}`; // on one line: a root a little longer than AWS's finds room in place of line ends
  if (text.length > end - begin) throw new Cannot(`holds its root in ${end - begin} characters of PEM, and this one has ${text.length}`);
  const copy = Buffer.from(binary);
  copy.write(text.padEnd(end - begin, "\n"), begin, "latin1");
  return copy;
}

/** Loads a part of a library, or says how to install it. */
export async function load(name) {
  try {
    return await import(name);
  } catch (error) {
    throw error?.code === "ERR_MODULE_NOT_FOUND" ? new Cannot(`${name} is not installed: ${INSTALL}`) : error;
  }
}

export const AWS_ROOT_NAME = "aws-nitro-root-g1";
const GIVEN = new Set(["roots", "pcrs", "allowDebug", "allowSimulator", "maxAgeSeconds", "fleet"]);
const ABOUT_PCRS = new Set(["trust-pcrs", "trust-pcr-zero"]);
const BEGIN = "-----BEGIN CERTIFICATE-----";
const END = "-----END CERTIFICATE-----";
const MAX_DATE_MS = 8.64e15;
