import { sign } from "node:crypto";
import { compareBytes, encodeCbor, encodeResultFile, encodeStatement, type CborValue, type ResultFile } from "@caladrius/wire";
import { concat, hex } from "../../generate/der.ts";
import { makeResultFile, sha256 } from "../../generate/test-result.ts";
import { RESULT_KEY } from "../../generate/test-pki.ts";
import { FEW_HEADS, GIANT_HEADS } from "./document-inputs.ts";
import { chain, judgeResult, result } from "./genuine.ts";
import { TIMES, type HostileInput } from "./hostile-input.ts";

const MIB = 1024 * 1024;
const { file } = result;

/** What tries the reader of result files, also behind a good signature of the result key. */
export function resultInputs(): HostileInput[] {
  const form = (name: string, bytes: Uint8Array): HostileInput => input(name, bytes, /^result-file-form$/);
  const bombs: [string, Uint8Array][] = [
    ["nested arrays", new Uint8Array(12_000).fill(0x81)],
    ["many zeros", concat(hex("992ee0"), new Uint8Array(12_000))],
    ["a giant count", hex("9bffffffffffffffff")],
  ];
  return [
    ...["caladrius", "result", "disclosures", "identity", "evidence"].flatMap((name) =>
      (name === "disclosures" ? GIANT_HEADS : FEW_HEADS).map((giant) =>
        form(`${name}: ${Buffer.from(giant).toString("hex")}`, withRaw(name, giant)),
      ),
    ),
    form("a map of 1,024", concat(hex("b90400"), ...Array.from({ length: 1_024 }, (_, i) => concat(encodeCbor(i), hex("00"))))),
    form("a map of 30,000", concat(hex("b97530"), ...Array.from({ length: 30_000 }, (_, i) => concat(encodeCbor(i), hex("00"))))),
    form(
      "keys in 65,000 bytes",
      concat(hex("b900ff"), ...Array.from({ length: 255 }, (_, i) => concat(encodeCbor(`${"k".repeat(250)}${i}`), hex("00")))),
    ),
    form("5,000 empty disclosures", encodeCbor(mapOf({ disclosures: Array.from({ length: 5_000 }, () => hex("")) }))),
    form("6,000 empty arrays as disclosures", withRaw("disclosures", concat(hex("991770"), new Uint8Array(6_000).fill(0x80)))),
    form("arrays within arrays as disclosures", withRaw("disclosures", new Uint8Array(60_000).fill(0x81))),
    ...bombs.flatMap(([name, bomb]) => [
      input(`evidence of ${name}`, encodeResultFile({ ...file, evidence: bomb }), /^envelope-/),
      input(`an identity of ${name}`, encodeResultFile({ ...file, identity: bomb }), /^identity-commitment$/),
      input(`a result of ${name}`, encodeResultFile({ ...file, result: bomb }), /^result-statement$/),
      // what comes behind good signatures costs more each time
      ...[
        input(`an identity of ${name} that evidence commits to`, makeResultFile({ chain, identityBytes: bomb }).bytes, /^identity-form$/),
        input(`signed claims of ${name}`, makeResultFile({ chain, statement: () => signResult(bomb) }).bytes, /^result-claims$/),
        input(`a signed disclosure of ${name}`, disclosing(bomb), /^disclosure-form$/),
      ].map((one) => ({ ...one, times: 100 })),
    ]),
    input(
      "4,096 unknown disclosures",
      encodeResultFile({ ...file, disclosures: Array.from({ length: 4_096 }, (_, i) => encodeCbor(i)) }),
      /^disclosure-unknown$/,
    ),
  ];
}

/** As large as a file may be. A copy of 32 MiB is a file's price, so these are judged less often. */
export function largeInputs(): HostileInput[] {
  const form = /^result-file-form$/;
  const large = (name: string, make: () => Uint8Array, code: RegExp, times: number): HostileInput => {
    let bytes: Uint8Array | null = null; // made when its turn comes, and gone behind it: the heap has 64 MB
    let left = times;
    return {
      name,
      code,
      times,
      judge: () => {
        bytes ??= make();
        const answer = judgeResult(bytes);
        if (--left === 0) bytes = null;
        return answer;
      },
    };
  };
  const filled = (byte: number): Uint8Array =>
    withRaw("disclosures", concat(hex("9a01ffff00"), new Uint8Array(0x01ffff00).fill(byte))).subarray(0, 32 * MIB);
  return [
    large("one byte too many", () => new Uint8Array(32 * MIB + 1), form, 20),
    large("zeros", () => new Uint8Array(32 * MIB), form, 20),
    large("open arrays", () => new Uint8Array(32 * MIB).fill(0x81), form, 20),
    large("disclosures of empty arrays", () => filled(0x80), form, 20),
    large("empty disclosures", () => filled(0x40), form, 20),
    large("empty maps", () => filled(0xa0), form, 20),
    large("one disclosure of 31 MiB", () => encodeCbor(mapOf({ disclosures: [new Uint8Array(31 * MIB)] })), form, 20),
    large(
      "three of 9 MiB",
      () => encodeResultFile({ ...file, disclosures: [1, 2, 3].map((i) => new Uint8Array(9 * MIB).fill(i)) }),
      /^disclosure-unknown$/,
      5,
    ),
    large(
      "4,096 of 8,000 bytes",
      () => encodeResultFile({ ...file, disclosures: Array.from({ length: 4096 }, () => new Uint8Array(8_000)) }),
      /^disclosure-unknown$/,
      20,
    ),
    large(
      "a text of 31 MiB that is not UTF-8",
      () => withRaw("disclosures", concat(hex("7a01f00000"), new Uint8Array(31 * MIB).fill(0xff))),
      form,
      20,
    ),
  ];
}

function input(name: string, bytes: Uint8Array, code: RegExp): HostileInput {
  return { name, code, times: TIMES, judge: () => judgeResult(bytes) };
}

function mapOf(change: Record<string, CborValue>): Map<string, CborValue> {
  const { version: _, ...parts } = file satisfies ResultFile;
  return new Map<string, CborValue>(Object.entries({ caladrius: 1, ...parts, ...change }));
}

/** A result file in which one field is any bytes. */
function withRaw(field: string, raw: Uint8Array): Uint8Array {
  const keys = [...mapOf({}).keys()].map((key) => encodeCbor(key)).toSorted(compareBytes);
  const whole = mapOf({});
  const text = encodeCbor(field);
  const entries = keys.map((key) => {
    const name = new TextDecoder().decode(key.subarray(1));
    return concat(key, compareBytes(key, text) === 0 ? raw : encodeCbor(whole.get(name) ?? null));
  });
  return concat(Uint8Array.of(0xa0 | entries.length), ...entries);
}

function signResult(payload: Uint8Array): Uint8Array {
  return encodeStatement("result", "Ed25519", payload, (toBeSigned) => new Uint8Array(sign(null, toBeSigned, RESULT_KEY)));
}

/** A result whose signature covers the digest of these bytes. */
function disclosing(bytes: Uint8Array): Uint8Array {
  const digests = (all: Uint8Array[]): Uint8Array[] => [...all.slice(1), sha256(bytes)].toSorted(compareBytes);
  return makeResultFile({ chain, digests, disclose: () => [bytes] }).bytes;
}
