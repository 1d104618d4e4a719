import { sign } from "node:crypto";
import { concatBytes, encodeCbor, encodeStatement, type CborValue } from "@caladrius/wire";
import { concat, hex } from "../der.ts";
import { ed25519TestKey, signFixed, testKey } from "../test-keys.ts";
import { makeChain, NOW_MS, RESULT_KEY } from "../test-pki.ts";
import { attested, attestedBytes, fileEntries, fileWith, goodFile, issuedAt, rawMap } from "./attested.ts";
import { HOUR_MS } from "./base.ts";
import { group, type Vector } from "./vector.ts";

const signed = (payload: Uint8Array): Uint8Array => new Uint8Array(sign(null, payload, RESULT_KEY));
const statement = (payload: Uint8Array): Uint8Array => encodeStatement("result", "Ed25519", payload, signed);
/** Result files that are refused for their form, their signature or their time. */
export const RESULTS: readonly Vector[] = [
  ...group(
    "code",
    {
      reason: "A result file is one CBOR map in deterministic encoding. Anything else is another file with the same signatures.",
      source: "RFC 8949 §4.2.1, §5.1",
      expect: "result-file-form",
    },
    [
      ["file-empty", "The file is empty.", () => attestedBytes(hex(""))],
      ["file-document", "The file is an attestation document.", () => attestedBytes(goodFile().evidence)],
      ["file-trailing", "A byte follows the file.", () => attestedBytes(concat(fileWith({}), hex("00")))],
      ["file-key-order", "The parts stand in another order.", () => attestedBytes(concatBytes(...rawMap(fileEntries())))],
      [
        "file-part-twice",
        "The evidence stands twice.",
        () => attestedBytes(concatBytes(...rawMap([...fileEntries(), ["evidence", goodFile().evidence]]))),
      ],
      [
        "file-part-unknown",
        "There is a part that nobody knows.",
        () => attestedBytes(encodeCbor(new Map([...fileEntries(), ["verdict", "affirming"]]))),
      ],
      [
        "file-version-2",
        "The file is of a later version.",
        () => attestedBytes(encodeCbor(new Map<string, CborValue>([...fileEntries().slice(1), ["caladrius", 2]]))),
        { expect: "result-file-version" },
      ],
      [
        "file-receipt",
        "The file holds a receipt, which this version cannot verify.",
        () => attestedBytes(fileWith({ receipt: hex("a0") })),
        { expect: "result-file-unsupported", source: "project-oak/oak#4203" },
      ],
    ],
  ),
  ...group(
    "code",
    {
      reason: "The result must be signed, as a result, by the key that the evidence commits to.",
      source: "RFC 9052 §4.4; RFC 9864 §2.2; RFC 9596 §2",
      expect: "result-signature",
    },
    [
      [
        "result-other-key",
        "The result was signed with another key.",
        () =>
          attested({
            statement: (payload) =>
              encodeStatement(
                "result",
                "Ed25519",
                payload,
                (bytes) => new Uint8Array(sign(null, bytes, ed25519TestKey("another enclave"))),
              ),
          }),
      ],
      [
        "result-small-order-key",
        "The result key is of small order, under which one signature holds for every result.",
        () =>
          attested({
            identity: { resultKey: hex(`01${"00".repeat(31)}`) },
            statement: (payload) => encodeStatement("result", "Ed25519", payload, () => hex(`01${"00".repeat(63)}`)),
          }),
        { source: "RFC 8032 §8.4" },
      ],
      [
        "result-s-beyond-order",
        "s of the signature has the group order added.",
        () => attestedBytes(fileWith({ result: withOrderAdded(goodFile().result) })),
        { source: "RFC 8032 §5.1.7" },
      ],
      [
        "result-esp256",
        "The result is signed with ESP256 instead of Ed25519.",
        () =>
          attested({
            statement: (payload) =>
              encodeStatement("result", "ESP256", payload, (bytes) => signFixed(testKey("P-256", "P-256"), "sha256", bytes, "compact")),
          }),
        { expect: "result-kind" },
      ],
      [
        "result-of-other-kind",
        "The statement is a status, signed with the result key.",
        () => attested({ statement: (payload) => encodeStatement("status", "Ed25519", payload, signed) }),
        { expect: "result-kind" },
      ],
      [
        "result-not-statement",
        "The result is no statement.",
        () => attestedBytes(fileWith({ result: hex("80") })),
        { expect: "result-statement" },
      ],
      [
        "result-tagged",
        "The result carries tag 18.",
        () => attestedBytes(fileWith({ result: concat(hex("d2"), goodFile().result) })),
        { expect: "result-statement" },
      ],
      [
        "result-no-claims",
        "The statement is signed and holds no claims.",
        () => attested({ statement: () => statement(encodeCbor(new Map())) }),
        { expect: "result-claims" },
      ],
      [
        "result-other-identity",
        "The result names another identity.",
        () => attested({ claims: { identityDigest: new Uint8Array(48) } }),
        { expect: "result-identity" },
      ],
      [
        "result-other-constitution",
        "The result names another constitution.",
        () => attested({ claims: { constitutionDigest: new Uint8Array(48) } }),
        { expect: "result-constitution" },
      ],
      [
        "result-other-policy",
        "The result names another policy bundle.",
        () => attested({ claims: { policy: { digest: new Uint8Array(48), version: 3 } } }),
        { expect: "result-policy" },
      ],
      [
        "result-evidence-refused",
        "The evidence of the result has a trailing byte.",
        () => attestedBytes(fileWith({ evidence: concat(goodFile().evidence, hex("00")) })),
        { expect: "envelope-trailing-bytes" },
      ],
      [
        "result-evidence-other-root",
        "The evidence of the result stands under another root.",
        () => attested({ chain: makeChain((p) => (p.root.serial = hex("020155"))) }),
        { expect: "bundle-root" },
      ],
    ],
  ),
  ...group(
    "code",
    {
      reason: "A result comes after its evidence, soon, while the certificate was valid, and not from the future.",
      source: "RFC 8392 §3.1.6; RFC 9334 §10",
      expect: "result-interval",
    },
    [
      [
        "interval-turned",
        "The interval ends before it begins.",
        () => attested({ claims: { interval: { fromMs: NOW_MS + 60_002, toMs: NOW_MS + 60_001 } } }),
      ],
      ["interval-other-iat", "iat is not the end of the interval.", () => attested({ claims: { iat: NOW_MS / 1000 } })],
      [
        "result-before-evidence",
        "The result is one millisecond older than its evidence.",
        () => attested({ claims: issuedAt(NOW_MS - 1) }),
        { expect: "result-before-evidence" },
      ],
      [
        "result-after-evidence",
        "The result is an hour and a millisecond younger than its evidence.",
        () => attested({ claims: issuedAt(NOW_MS + HOUR_MS + 1) }),
        { expect: "result-after-evidence" },
      ],
      [
        "result-after-certificate",
        "The result is younger than the certificate of its evidence allows.",
        () => attested({ fields: { timestamp: NOW_MS + 1.5 * HOUR_MS }, claims: issuedAt(NOW_MS + 2.25 * HOUR_MS) }),
        { expect: "result-after-certificate" },
      ],
      [
        "result-future",
        "In live mode the result is a minute and a second ahead.",
        () => attested({ claims: issuedAt(NOW_MS + 120_000 + 60_001) }, { mode: "live" }),
        { expect: "result-future" },
      ],
    ],
  ),
];

/** The statement with the group order added to the s of its signature, which are its last 32 bytes. */
function withOrderAdded(bytes: Uint8Array): Uint8Array {
  const order = 2n ** 252n + 27742317777372353535851937790883648493n;
  const s = BigInt(`0x${Buffer.from(bytes.slice(-32).toReversed()).toString("hex")}`) + order;
  const more = Buffer.from(s.toString(16).padStart(64, "0"), "hex").toReversed();
  return concat(bytes.slice(0, -32), more);
}
