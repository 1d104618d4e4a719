import { encodeCbor } from "@caladrius/wire";
import { concat, hex } from "../../generate/der.ts";
import { encodeFields } from "../../generate/test-document.ts";
import { document, fields, judgeDocument, payload, signed } from "./genuine.ts";
import { TIMES, type HostileInput } from "./hostile-input.ts";

const BREAK = hex("ff");
const OTHER = encodeCbor("other");
/** Heads of each kind that declare more than there is, in every width. */
export const GIANT_HEADS: readonly Uint8Array[] = headsOf("18ff", "19ffff", "1affffffff", "1b001fffffffffffff");
/** Of each kind the one that tempts most: the greatest number that is exact. */
export const FEW_HEADS: readonly Uint8Array[] = headsOf("1b001fffffffffffff");

function headsOf(...heads: string[]): Uint8Array[] {
  return [2, 3, 4, 5].flatMap((major) => heads.map((head) => hex(head)).map((bytes) => bytes.with(0, (bytes[0] ?? 0) | (major << 5))));
}

/** What tries the reader of documents: declared sizes, depth, numbers of items, keys. */
export function documentInputs(): HostileInput[] {
  const input = (name: string, bytes: Uint8Array, code: RegExp): HostileInput => ({
    name,
    code,
    times: TIMES,
    judge: () => judgeDocument(bytes),
  });
  const body = (name: string, bytes: Uint8Array): HostileInput => input(name, signed(bytes), /^payload-cbor$/);
  const { pcrs: _, ...withoutPcrs } = fields;
  const { cabundle: _c, ...withoutBundle } = fields;
  const open = payload.subarray(0, -1); // the indefinite map, before its break
  const places: [string, (giant: Uint8Array) => Uint8Array][] = [
    ["alone", (giant) => giant],
    ["as a key", (giant) => concat(open, giant, hex("00"), BREAK)],
    ["as a value", (giant) => concat(open, OTHER, giant, BREAK)],
    ["as a register", (giant) => concat(encodeFields(withoutPcrs).subarray(0, -1), encodeCbor("pcrs"), hex("a100"), giant, BREAK)],
    ["in the bundle", (giant) => concat(encodeFields(withoutBundle).subarray(0, -1), encodeCbor("cabundle"), hex("84"), giant, BREAK)],
  ];
  const repeat = (what: string, times: number): Uint8Array => hex(what.repeat(times));
  const header = (bytes: string, rest = ""): Uint8Array => concat(hex("84"), hex(bytes), hex(rest));
  return [
    ...places.flatMap(([place, make]) =>
      (place === "as a value" ? GIANT_HEADS : FEW_HEADS).map((giant) =>
        body(`${Buffer.from(giant).toString("hex")} ${place}`, make(giant)),
      ),
    ),
    body("arrays within arrays", repeat("81", 16_000)),
    body("indefinite arrays within each other", repeat("9f", 16_000)),
    body("maps within maps", repeat("a100", 8_000)),
    body("indefinite maps within each other", repeat("bf00", 8_000)),
    body("arrays that hold all that they can hold", repeat("9f8080", 5_000)),
    body("16 KiB of zeros in an array", concat(hex("993f00"), new Uint8Array(0x3f00))),
    body("16 KiB of zeros in an indefinite array", concat(hex("9f"), new Uint8Array(16_300), BREAK)),
    body("16 KiB of empty maps", concat(hex("9f"), new Uint8Array(16_300).fill(0xa0), BREAK)),
    body("16 KiB of empty texts", concat(hex("9f"), new Uint8Array(16_300).fill(0x60), BREAK)),
    body("4,000 keys", concat(hex("bf"), ...Array.from({ length: 4_000 }, (_x, i) => Uint8Array.of(0x61, 0x20 + (i % 90), 0)), BREAK)),
    body(
      "3,000 keys that differ",
      concat(hex("bf"), ...Array.from({ length: 3_000 }, (_x, i) => concat(encodeCbor(1000 + i), hex("00"))), BREAK),
    ),
    body("a key of 16 kB", concat(open, encodeCbor("k".repeat(11_000)), hex("00"), BREAK)),
    body(
      "a key of 250 bytes, often",
      concat(open, ...Array.from({ length: 45 }, (_x, i) => concat(encodeCbor(`${"k".repeat(240)}${i}`), hex("80"))), hex("00"), BREAK),
    ),
    body("a text of 11 kB that is not UTF-8", concat(open, OTHER, hex("792af8"), new Uint8Array(11_000).fill(0xf0), BREAK)),
    body("tags upon tags", repeat("c1", 16_000)),
    body("a float upon a float", repeat("fb", 16_000)),
    body("breaks", repeat("ff", 16_000)),
    input(
      "33 registers",
      signed(encodeFields({ ...fields, pcrs: new Map(Array.from({ length: 33 }, (_x, i) => [i, new Uint8Array(48)])) })),
      /^payload-pcrs$/,
    ),
    input(
      "a bundle of 200",
      signed(encodeFields({ ...fields, cabundle: Array.from({ length: 200 }, () => hex("00")) })),
      /^bundle-length$/,
    ),
    input("16 kB of unknown bytes", signed(encodeFields({ ...fields, later: new Uint8Array(11_000) })), /^accepted$/),
    // around the payload
    ...["58ff", "59ffff", "5affffffff", "5bffffffffffffffff", "5f"].flatMap((giant) => [
      input(`a protected header of ${giant}`, header(giant), /^envelope-/),
      input(`a payload of ${giant}`, header("44a1013822", `a0${giant}`), /^envelope-/),
      input(`a signature of ${giant}`, concat(document.subarray(0, -98), hex(giant), new Uint8Array(96)), /^envelope-/),
    ]),
    ...["b8ff", "b9ffff", "baffffffff", "bbffffffffffffffff", "bf", "9bffffffffffffffff", "5bffffffffffffffff"].map((giant) =>
      input(`an unprotected header of ${giant}`, concat(header("44a1013822", giant), document.subarray(8)), /^envelope-/),
    ),
    input("an unprotected map of 5,000", concat(header("44a1013822", "b91388"), repeat("0000", 5_000), document.subarray(8)), /^envelope-/),
    input("tags upon a document", concat(new Uint8Array(10_000).fill(0xd2), document), /^envelope-/),
    { ...input("megabytes", new Uint8Array(32 * 1024 * 1024), /^envelope-size$/), times: 20 },
  ];
}
