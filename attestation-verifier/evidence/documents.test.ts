import { encodeCbor, type CborValue } from "@caladrius/wire";
import { describe, expect, it } from "vitest";
import { concat, hex } from "../generate/der.ts";
import { defaultFields, encodeFields, makeDocument, signDocument, type Fields } from "../generate/test-document.ts";
import { keyOf, makeChain, NOW_MS, pcr, PCR4 } from "../generate/test-pki.ts";
import { signatures } from "../signatures/node.ts";
import { signatures as noble } from "../signatures/noble.ts";
import { signatures as webcrypto } from "../signatures/webcrypto.ts";
import { parseTrustAnchor } from "./anchor.ts";
import type { TimeMode } from "./mode.ts";
import { verifyEvidence, type VerifiedEvidence } from "./verify-evidence.ts";

const chain = makeChain();
const anchors = [parseTrustAnchor(chain.root)];
const archived: TimeMode = { kind: "archived", atMs: null, nonce: null };
const good = makeDocument({ chain }).bytes;
const HOUR = 3_600_000;

async function outcome(bytes: Uint8Array, mode: TimeMode = archived, backend = signatures): Promise<string> {
  try {
    await verifyEvidence(bytes, { anchors, mode, signatures: backend });
    return "accepted";
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === undefined) throw error;
    return code;
  }
}
const withFields = (fields: Fields): Uint8Array => makeDocument({ chain, fields }).bytes;
const withPayload = (payload: (all: Fields) => Uint8Array): Uint8Array => makeDocument({ chain, payload }).bytes;
const without = (name: string): Uint8Array =>
  withPayload((all) => {
    const { [name]: _, ...rest } = all;
    return encodeFields(rest);
  });
const entry = (key: Uint8Array, value: Uint8Array): Uint8Array => concat(key, value);
/** Payload with extra raw entries behind the good ones. */
const withRaw = (...raw: Uint8Array[]): Uint8Array => withPayload((all) => concat(encodeFields(all).slice(0, -1), ...raw, hex("ff")));
const pcrsWith = (...more: [number, CborValue][]): Map<number, CborValue> =>
  new Map<number, CborValue>([[0, pcr(1)], [1, pcr(2)], [2, pcr(3)], [4, PCR4], ...more]);
/** `pcrs` as raw CBOR, the rest as always. */
const withRawPcrs = (raw: Uint8Array): Uint8Array =>
  withPayload((all) => {
    const { pcrs: _, ...rest } = all;
    return concat(encodeFields(rest).slice(0, -1), encodeCbor("pcrs"), raw, hex("ff"));
  });

describe("documents that are accepted", () => {
  it.each<[string, Uint8Array]>([
    ["an indefinite payload map", good],
    ["a definite payload map", withPayload((all) => encodeFields(all, false))],
    ["tag 18", concat(hex("d2"), good)],
    ["another key order", withPayload((all) => encodeFields(Object.fromEntries(Object.entries(all).toReversed())))],
    ["optional fields left out", withPayload(({ public_key: _, user_data: _u, nonce: _n, ...rest }) => encodeFields(rest))],
    ["empty optional fields", withFields({ public_key: hex(""), user_data: hex(""), nonce: hex("") })],
    [
      "optional fields of greatest length",
      withFields({ public_key: new Uint8Array(1024), user_data: new Uint8Array(512), nonce: new Uint8Array(512) }),
    ],
    ["a sparse set with PCR16 and PCR31", withFields({ pcrs: pcrsWith([16, pcr(5)], [31, pcr(6)]) })],
    ["an unknown field", withFields({ later: 1 })],
  ])("%s", async (_, bytes) => {
    expect(await outcome(bytes)).toBe("accepted");
    expect(await outcome(bytes, archived, webcrypto)).toBe("accepted");
  });

  it("reports unknown fields and does not depend on later changes of the input", async () => {
    const bytes = withFields({ later: 1 });
    const pending = verifyEvidence(bytes, { anchors, mode: archived, signatures: webcrypto });
    bytes.fill(0);
    const evidence: VerifiedEvidence = await pending;
    expect(evidence.unknownFields).toEqual(["later"]);
    expect(evidence.pcrs.get(4)).toEqual(PCR4);
  });
});

describe("documents that are refused", () => {
  it.each<[string, string, Uint8Array]>([
    // 1 to 10: envelope
    ["a trailing byte", "envelope-trailing-bytes", concat(good, hex("00"))],
    ["a leading byte", "envelope-shape", concat(hex("00"), good)],
    ["nothing", "envelope-size", hex("")],
    ["20 kB", "envelope-size", new Uint8Array(20_000)],
    ["an empty payload", "envelope-size", signDocument(hex(""), chain.leafKey)],
    ["a payload of 16385 bytes", "envelope-size", signDocument(new Uint8Array(16_385), chain.leafKey)],
    ["tag 98", "envelope-tag", concat(hex("d862"), good)],
    ["tag 18 twice", "envelope-shape", concat(hex("d2d2"), good)],
    ["tag 18 in long form", "envelope-tag", concat(hex("d812"), good)],
    ["QEMU's header", "envelope-qemu", concat(hex("8443a10120a0590001004100"))],
    // 11 to 20: payload under a good signature
    ["a payload that is no map", "payload-cbor", withPayload(() => hex("80"))],
    ["bytes behind the map", "payload-cbor", withPayload((all) => concat(encodeFields(all), hex("00")))],
    ["a missing break", "payload-cbor", withPayload((all) => encodeFields(all).slice(0, -1))],
    ["a tag around the map", "payload-cbor", withPayload((all) => concat(hex("d9d9f7"), encodeFields(all)))],
    ["pcrs twice, the second other", "payload-cbor", withRaw(entry(encodeCbor("pcrs"), encodeCbor(pcrsWith())))],
    ["module_id twice", "payload-cbor", withRaw(entry(encodeCbor("module_id"), encodeCbor("x")))],
    ["a key that is no text", "payload-cbor", withRaw(entry(hex("01"), hex("01")))],
    ["a duplicate register", "payload-cbor", withRawPcrs(concat(hex("a2"), hex("00"), encodeCbor(pcr(1)), hex("00"), encodeCbor(pcr(2))))],
    [
      "a register twice in two encodings",
      "payload-cbor",
      withRawPcrs(concat(hex("a2"), hex("00"), encodeCbor(pcr(1)), hex("1800"), encodeCbor(pcr(2)))),
    ],
    ...["module_id", "digest", "timestamp", "pcrs", "certificate", "cabundle"].flatMap((name): [string, string, Uint8Array][] => [
      [`${name} missing`, "payload-field-missing", without(name)],
      [`${name} null`, "payload-field-missing", withFields({ [name]: null })],
    ]),
    ["text register indexes", "payload-pcrs", withFields({ pcrs: new Map<string, CborValue>([["0", pcr(1)]]) })],
    ["a negative register index", "payload-pcrs", withFields({ pcrs: new Map<number, CborValue>([[-1, pcr(1)]]) })],
    ["register 32", "payload-pcrs", withFields({ pcrs: pcrsWith([32, pcr(1)]) })],
    ["33 registers", "payload-pcrs", withFields({ pcrs: new Map(Array.from({ length: 33 }, (_, i): [number, CborValue] => [i, pcr(1)])) })],
    ["no registers", "payload-pcrs", withFields({ pcrs: new Map() })],
    ["pcrs that are no map", "payload-field-type", withFields({ pcrs: [] })],
    ["registers of 32 bytes", "payload-pcrs", withFields({ pcrs: new Map([[0, new Uint8Array(32)]]) })],
    ["one register of 47 bytes", "payload-pcrs", withFields({ pcrs: pcrsWith([5, new Uint8Array(47)]) })],
    ["a register that is a text", "payload-pcrs", withFields({ pcrs: pcrsWith([5, "x"]) })],
    ["a text certificate", "payload-field-type", withFields({ certificate: "x" })],
    ["a cabundle that is no array", "payload-field-type", withFields({ cabundle: hex("00") })],
    ["a cabundle of texts", "payload-field-type", withFields({ cabundle: ["x"] })],
    ["a text timestamp", "payload-field-type", withFields({ timestamp: "1" })],
    ["timestamp 0", "payload-field-limit", withFields({ timestamp: 0 })],
    ["a negative timestamp", "payload-field-limit", withFields({ timestamp: -1 })],
    ["a timestamp beyond dates", "payload-field-limit", withFields({ timestamp: 2 ** 53 - 1 })],
    [
      "a float timestamp",
      "payload-cbor",
      withPayload(({ timestamp: _, ...rest }) =>
        concat(encodeFields(rest).slice(0, -1), encodeCbor("timestamp"), hex("fb7ff8000000000000"), hex("ff")),
      ),
    ],
    ["digest SHA256", "payload-digest", withFields({ digest: "SHA256" })],
    ["digest sha384", "payload-digest", withFields({ digest: "sha384" })],
    ["nitrotpm_pcrs beside pcrs", "payload-nitrotpm", withFields({ nitrotpm_pcrs: pcrsWith() })],
    [
      "nitrotpm_pcrs instead of pcrs",
      "payload-nitrotpm",
      withPayload(({ pcrs, ...rest }) => encodeFields({ ...rest, nitrotpm_pcrs: pcrs ?? null })),
    ],
    ["user_data of 513 bytes", "payload-field-limit", withFields({ user_data: new Uint8Array(513) })],
    ["nonce of 513 bytes", "payload-field-limit", withFields({ nonce: new Uint8Array(513) })],
    ["public_key of 1025 bytes", "payload-field-limit", withFields({ public_key: new Uint8Array(1025) })],
    ["a text nonce", "payload-field-type", withFields({ nonce: "x" })],
    ["an empty module_id", "payload-field-limit", withFields({ module_id: "" })],
    ["a module_id of 200 characters", "payload-field-limit", withFields({ module_id: "i".repeat(200) })],
    ["a module_id of bytes", "payload-field-type", withFields({ module_id: hex("00") })],
    ["an empty certificate", "payload-field-limit", withFields({ certificate: hex("") })],
    ["a nesting bomb", "payload-cbor", withRaw(encodeCbor("x"), new Uint8Array(5000).fill(0x81))],
    ["a giant declared count", "payload-cbor", withRaw(encodeCbor("x"), hex("9b0000ffffffffffff"))],
    ["invalid UTF-8", "payload-cbor", withRaw(encodeCbor("x"), hex("62c328"))],
    ["a chunked string", "payload-cbor", withRaw(encodeCbor("x"), hex("5f4100ff"))],
    ["an integer in long form", "payload-cbor", withRaw(encodeCbor("x"), hex("1801"))],
    // 34, 40
    ["a timestamp before the certificate", "timestamp-window", withFields({ timestamp: NOW_MS - HOUR - 1 })],
    ["a timestamp after the certificate", "timestamp-window", withFields({ timestamp: NOW_MS + 2 * HOUR + 1 })],
    ["a module_id of QEMU's form", "module-id-form", withFields({ module_id: "i-234-enc5678" })],
    ["another PCR4", "module-id-pcr4", withFields({ pcrs: new Map([[4, pcr(9)]]) })],
    ["no PCR4", "module-id-pcr4", withFields({ pcrs: new Map([[0, pcr(9)]]) })],
    ["a document signed by another key", "document-signature", signDocument(encodeFields(defaultFields(chain)), keyOf("zonal"))],
  ])("%s: %s", async (_, code, bytes) => {
    expect(await outcome(bytes)).toBe(code);
  });
});

describe("time and nonce", () => {
  const nonce = new Uint8Array(32).fill(7);
  const answered = withFields({ nonce });
  const live = (change: Partial<Extract<TimeMode, { kind: "live" }>>): TimeMode => ({
    kind: "live",
    nowMs: NOW_MS + 1000,
    nonce: null,
    maxAgeMs: null,
    ...change,
  });

  it.each<[string, string, Uint8Array, TimeMode]>([
    ["live with the nonce", "accepted", answered, live({ nonce })],
    ["live within the maximum age", "accepted", good, live({ maxAgeMs: 1000 })],
    ["live, the document's clock ahead within the skew", "accepted", good, live({ maxAgeMs: 1000, nowMs: NOW_MS - 60_000 })],
    ["live without nonce or age", "freshness-required", good, live({})],
    ["live, older than the limit though the leaf is valid", "timestamp-age", good, live({ maxAgeMs: 999 })],
    ["live, no nonce in the document", "nonce-missing", good, live({ nonce })],
    ["live, an empty nonce in the document", "nonce-missing", withFields({ nonce: hex("") }), live({ nonce })],
    ["live, another nonce", "nonce-mismatch", answered, live({ nonce: nonce.with(0, 1) })],
    ["live, a prefix of the nonce", "nonce-mismatch", answered, live({ nonce: new Uint8Array(33).fill(7) })],
    ["live, the document's nonce longer", "nonce-mismatch", answered, live({ nonce: nonce.subarray(0, 31) })],
    ["live, an empty nonce asked for", "freshness-required", good, live({ nonce: hex("") })],
    ["live, from the future", "timestamp-future", good, live({ maxAgeMs: 1000, nowMs: NOW_MS - 60_001 })],
    ["live, the leaf expired", "chain-expired", answered, live({ nonce, nowMs: NOW_MS + 2 * HOUR + 1 })],
    ["live, time not a number", "freshness-required", good, live({ maxAgeMs: 1000, nowMs: Number.NaN })],
    ["live, age not a number", "freshness-required", good, live({ maxAgeMs: Number.NaN })],
    ["live, skew not a number", "freshness-required", good, live({ maxAgeMs: 1000, skewMs: Number.NaN })],
    ["archived at a given time", "accepted", good, { kind: "archived", atMs: NOW_MS + 2 * HOUR, nonce: null }],
    ["archived with its nonce", "accepted", answered, { kind: "archived", atMs: null, nonce }],
    ["archived after the leaf", "chain-expired", good, { kind: "archived", atMs: NOW_MS + 2 * HOUR + 1, nonce: null }],
    ["archived before the document", "timestamp-future", good, { kind: "archived", atMs: NOW_MS - HOUR, nonce: null }],
    ["archived, time not a number", "freshness-required", good, { kind: "archived", atMs: Number.NaN, nonce: null }],
    ["archived with another nonce", "nonce-mismatch", answered, { kind: "archived", atMs: null, nonce: nonce.with(31, 0) }],
  ])("%s: %s", async (_, code, bytes, mode) => {
    expect(await outcome(bytes, mode)).toBe(code);
  });
});

describe("what callers without types may say", () => {
  it("is not taken for archived mode, which is tolerant about time", async () => {
    for (const mode of [
      { kind: "Live", nowMs: NOW_MS, nonce: null, maxAgeMs: 1 },
      { kind: "archive", atMs: null, nonce: null },
      { nonce: null },
    ])
      expect(await outcome(good, mode as never)).toBe("freshness-required");
  });

  it("is not taken for leave to report contradictions", async () => {
    const bytes = withFields({ module_id: "i-0123456789abcdef1-enc0123456789abcdef" });
    for (const consistency of ["Report", "enforced", null, true])
      await expect(verifyEvidence(bytes, { anchors, mode: archived, signatures, consistency: consistency as never })).rejects.toMatchObject(
        { code: "module-id-leaf-name" },
      );
  });
});

describe("signature back ends", () => {
  it("agree on good and bad documents", async () => {
    for (const backend of [signatures, webcrypto, noble]) {
      expect(await outcome(good, archived, backend)).toBe("accepted");
      expect(await outcome(good.with(good.length - 1, (good.at(-1) ?? 0) ^ 1), archived, backend)).toBe("document-signature");
    }
    const badChain = makeDocument({ chain: makeChain((p) => (p.zonal.signer = p.leaf.signer)) }).bytes;
    const badRoot = makeChain().root;
    for (const backend of [signatures, webcrypto]) {
      await expect(
        verifyEvidence(badChain, { anchors: [parseTrustAnchor(badRoot), ...anchors], mode: archived, signatures: backend }),
      ).rejects.toThrow(/root|signature/);
    }
  });
});
