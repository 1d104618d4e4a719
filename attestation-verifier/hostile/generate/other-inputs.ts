import { encodeCbor } from "@caladrius/wire";
import { judgeTimeStamp, judgeTrust, judgeUnder, result } from "./genuine.ts";
import { TIMES, type HostileInput } from "./hostile-input.ts";

/** What tries the reader of trust files: depth, keys, long texts. */
export function trustInputs(): HostileInput[] {
  const input = (name: string, text: string, code: RegExp, times = TIMES): HostileInput => ({
    name,
    code,
    times,
    judge: () => judgeTrust(text),
  });
  const pem = (lines: number): string => `-----BEGIN CERTIFICATE-----\n${`${"A".repeat(64)}\n`.repeat(lines)}-----END CERTIFICATE-----`;
  const keys = (count: number, name: (i: number) => string): string =>
    JSON.stringify(Object.fromEntries(Array.from({ length: count }, (_, i) => [name(i), i])));
  const most = 512 * 1024;
  return [
    input("brackets that never close", "[".repeat(most), /^trust-json$/, 10),
    input("brackets within brackets", "[".repeat(most / 2) + "]".repeat(most / 2), /^trust-json$/, 10),
    input("objects within objects", `${'{"a":'.repeat(80_000)}1${"}".repeat(80_000)}`, /^trust-key-unknown$/, 10),
    input(
      "100,000 keys",
      keys(100_000, (i) => `${i}`.padStart(2, "k")),
      /^trust-json$/,
    ),
    input(
      "30,000 keys",
      keys(30_000, (i) => `k${i}`),
      /^trust-key-unknown$/,
      50,
    ),
    input(
      "30,000 keys that are array indexes",
      keys(30_000, (i) => `${7 * i}`),
      /^trust-key-unknown$/,
      50,
    ),
    input("a key twice behind 10,000 others", `${keys(10_000, (i) => `k${i}`).slice(0, -1)},"k1":1}`, /^trust-key-unknown$/, 100),
    input("100,000 roots", JSON.stringify({ roots: Array.from({ length: 100_000 }, () => ""), pcrs: [] }), /^trust-value$/, 100),
    input("100,000 registers", JSON.stringify({ roots: [], pcrs: [JSON.parse(keys(30_000, (i) => `${i}`))] }), /^trust-pcrs$/, 10),
    input("a huge PEM", JSON.stringify({ roots: [pem(7000)], pcrs: [] }), /^trust-root$/, 100),
    input("a PEM with a long tail", JSON.stringify({ roots: [`${pem(1)}${" \n".repeat(150_000)}x`], pcrs: [] }), /^trust-root$/, 100),
    input(
      "a PEM of dashes",
      JSON.stringify({ roots: [`-----BEGIN CERTIFICATE-----\n${"-".repeat(500_000)}`], pcrs: [] }),
      /^trust-root$/,
      100,
    ),
    input("a long string of escapes", JSON.stringify({ roots: ["\\".repeat(250_000)], pcrs: [] }), /^trust-root$/, 100),
    input("20 megabytes", " ".repeat(20_000_000), /^trust-json$/),
  ];
}

/** What tries the readers of revocation lists and time stamps. */
export function listInputs(): HostileInput[] {
  const giant = Uint8Array.from([0x30, 0x84, 0xff, 0xff, 0xff, 0xff, 0x30]);
  const bombs: [string, Uint8Array, number][] = [
    ["nothing", new Uint8Array(0), TIMES],
    ["one byte", Uint8Array.of(0x30), TIMES],
    ["a giant length", giant, TIMES],
    ["sequences within sequences", nested(60_000), TIMES],
    ["CBOR", encodeCbor([1, 2, 3]), TIMES],
    ["a document", result.file.evidence, TIMES],
    ["4 MiB of zeros", new Uint8Array(4 * 1024 * 1024), 20],
    ["4 MiB of sequences", nested(4 * 1024 * 1024), 20],
    ["more than 4 MiB", new Uint8Array(4 * 1024 * 1024 + 1), 20],
  ];
  const none = Array.from({ length: 10_000 }, () => new Uint8Array(0));
  return [
    ...bombs.flatMap(([name, bytes, times]): HostileInput[] => [
      { name: `${name} as a list`, code: /^crl-form$/, times, judge: () => judgeUnder([bytes]) },
      { name: `${name} as a time stamp`, code: /^time-evidence-form$/, times, judge: () => judgeTimeStamp(bytes) },
    ]),
    { name: "10,000 empty lists", code: /^crl-form$/, times: 100, judge: () => judgeUnder(none) },
  ];
}

/** DER of SEQUENCEs within each other, as deep as its lengths in two and three bytes reach. */
function nested(bytes: number): Uint8Array {
  const all = new Uint8Array(bytes);
  for (let at = 0; at + 5 < bytes; at += 5) {
    const rest = bytes - at - 5;
    all.set(rest > 0xffff ? [0x30, 0x83, rest >> 16, (rest >> 8) & 255, rest & 255] : [0x30, 0x82, rest >> 8, rest & 255, 0x30], at);
  }
  return all;
}
