import { createHash, randomBytes, verify, X509Certificate } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  concatBytes,
  decodeForeignCbor,
  decodeNsmResponse,
  encodeCbor,
  encodeNsmRequest,
  fromHex,
  NSM_MAX_RESPONSE,
  toHex,
  utf8Encode,
  type CborValue,
  type NsmRequest,
  type NsmResponse,
} from "@caladrius/wire";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openSimulatedPki, type SimulatedPki } from "../pki/index.ts";
import { bootPcrs, createNsm, instanceIdOf, makeModuleId, type Nsm, type NsmOptions } from "./index.ts";

const START = Date.UTC(2026, 10, 21, 10, 0, 0, 250);
const MODULE = "i-0fd3fdaad4e904e69-enc019b54988b2d89ba";
const ZERO = new Uint8Array(48);
const ATTESTATION: NsmRequest = { kind: "Attestation", userData: null, nonce: null, publicKey: null };

let dir: string;
let pki: SimulatedPki;
let nowMs = START;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "cal-nsm-"));
  pki = await openSimulatedPki(dir, { nowMs: () => nowMs });
});
afterAll(() => rm(dir, { recursive: true }));

const make = (options: Partial<NsmOptions> = {}): Nsm =>
  createNsm({
    pki,
    moduleId: MODULE,
    pcrs: new Map([
      [0, fill(1)],
      [1, fill(2)],
      [2, fill(3)],
    ]),
    clock: { nowMs: () => nowMs },
    randomBytes,
    ...options,
  });
const fill = (byte: number): Uint8Array => new Uint8Array(48).fill(byte);
const ask = async (nsm: Nsm, request: NsmRequest): Promise<NsmResponse> => decodeNsmResponse(await nsm.request(encodeNsmRequest(request)));
const error = (code: string): NsmResponse => ({ kind: "Error", error: code }) as NsmResponse;
const sha384 = (...parts: Uint8Array[]): Uint8Array =>
  new Uint8Array(
    createHash("sha384")
      .update(concatBytes(...parts))
      .digest(),
  );

const map = (name: string, fields: CborValue): Uint8Array => encodeCbor(new Map([[name, fields]]));

/** The error that bytes get, or the kind of answer. */
async function refused(nsm: Nsm, bytes: Uint8Array): Promise<string> {
  const response = decodeNsmResponse(await nsm.request(bytes));
  return response.kind === "Error" ? response.error : response.kind;
}

async function document(
  nsm: Nsm,
  request: NsmRequest = ATTESTATION,
): Promise<{ bytes: Uint8Array; cose: Uint8Array[]; payload: Map<string, CborValue> }> {
  const response = await ask(nsm, request);
  if (response.kind !== "Attestation") throw new Error(JSON.stringify(response));
  const cose = decodeForeignCbor(response.document) as unknown as Uint8Array[];
  return { bytes: response.document, cose, payload: decodeForeignCbor(cose[2]!) as Map<string, CborValue> };
}

describe("operations", () => {
  it("answers the worked examples", async () => {
    const nsm = make();
    expect(decodeNsmResponse(await nsm.request(fromHex("6b44657363726962654e534d")))).toEqual({
      kind: "DescribeNSM",
      versionMajor: 1,
      versionMinor: 0,
      versionPatch: 0,
      moduleId: MODULE,
      maxPcrs: 32,
      lockedPcrs: Array.from({ length: 16 }, (_, index) => index),
      digest: "SHA384",
    });
    const random = decodeNsmResponse(await nsm.request(fromHex("6947657452616e646f6d")));
    expect(random.kind === "GetRandom" && random.random.length).toBe(256);
    const extended = decodeNsmResponse(await nsm.request(fromHex("a169457874656e64504352a265696e64657810646461746143616263")));
    expect(extended).toEqual({ kind: "ExtendPCR", data: sha384(ZERO, utf8Encode("abc")) });
    const attested = await nsm.request(
      fromHex("a16b4174746573746174696f6ea369757365725f6461746141ff656e6f6e636544000102036a7075626c69635f6b6579f6"),
    );
    expect(decodeNsmResponse(attested).kind).toBe("Attestation");
    expect(toHex(await nsm.request(fromHex("a1684c6f636b50435273a16572616e67651820")))).toBe(toHex(encodeCbor("LockPCRs")));
    expect(toHex(await nsm.request(encodeNsmRequest({ kind: "DescribePCR", index: 32 })))).toBe("a1654572726f726c496e76616c6964496e646578");
  });

  // The sequence of AWS's own run-time test of its API.
  it("passes AWS's run-time test", async () => {
    const nsm = make();
    for (let index = 0; index < 32; index++) {
      const pcr = await ask(nsm, { kind: "DescribePCR", index });
      expect(pcr).toEqual({
        kind: "DescribePCR",
        lock: index < 16,
        data: index < 3 ? fill(index + 1) : index === 4 ? expect.anything() : ZERO,
      });
    }
    for (let index = 0; index < 16; index++) expect(await ask(nsm, { kind: "LockPCR", index })).toEqual(error("ReadOnlyIndex"));
    let expected: Uint8Array = ZERO;
    for (let loop = 0; loop < 10; loop++) {
      expected = sha384(expected, Uint8Array.of(1, 2, 3));
      for (let index = 16; index < 32; index++) {
        expect(await ask(nsm, { kind: "ExtendPCR", index, data: Uint8Array.of(1, 2, 3) })).toEqual({ kind: "ExtendPCR", data: expected });
      }
    }
    for (let index = 16; index < 32; index++) expect(await ask(nsm, { kind: "LockPCR", index })).toEqual({ kind: "LockPCR" });
    expect(await ask(nsm, { kind: "LockPCRs", range: 32 })).toEqual({ kind: "LockPCRs" });
    expect(await ask(nsm, { kind: "LockPCRs", range: 33 })).toEqual(error("InvalidIndex"));
    for (let index = 0; index < 32; index++) {
      expect(await ask(nsm, { kind: "ExtendPCR", index, data: Uint8Array.of(1) })).toEqual(error("ReadOnlyIndex"));
      expect(await ask(nsm, { kind: "DescribePCR", index })).toMatchObject({ lock: true });
    }
    expect([...((await document(nsm)).payload.get("pcrs") as Map<number, Uint8Array>).keys()]).toHaveLength(32);
  });

  it("refuses indices beyond the last register", async () => {
    for (const index of [32, 33, 255, 256, 65_535]) {
      expect(await ask(make(), { kind: "DescribePCR", index })).toEqual(error("InvalidIndex"));
      expect(await ask(make(), { kind: "ExtendPCR", index, data: ZERO })).toEqual(error("InvalidIndex"));
      expect(await ask(make(), { kind: "LockPCR", index })).toEqual(error("InvalidIndex"));
      expect(await ask(make(), { kind: "LockPCRs", range: index === 32 ? 33 : index })).toEqual(error("InvalidIndex"));
    }
  });

  it("locks [0, range): nothing above it, nothing at all for 0", async () => {
    const nsm = make();
    expect(await ask(nsm, { kind: "LockPCRs", range: 0 })).toEqual({ kind: "LockPCRs" });
    expect(await ask(nsm, { kind: "LockPCRs", range: 18 })).toEqual({ kind: "LockPCRs" });
    expect(await ask(nsm, { kind: "DescribePCR", index: 17 })).toMatchObject({ lock: true });
    expect(await ask(nsm, { kind: "DescribePCR", index: 18 })).toMatchObject({ lock: false });
  });

  it("gives registers that cannot be reached through what was given or answered", async () => {
    const value = fill(9);
    const nsm = make({ pcrs: new Map([[0, value]]) });
    value.fill(0);
    expect(await ask(nsm, { kind: "DescribePCR", index: 0 })).toMatchObject({ data: fill(9) });
  });

  it("refuses platform PCRs of another length or index", () => {
    for (const pcrs of [new Map([[0, new Uint8Array(32)]]), new Map([[16, ZERO]]), new Map([[-1, ZERO]])]) {
      expect(() => make({ pcrs })).toThrow(expect.objectContaining({ code: "nsm-pcrs" }));
    }
  });
});

describe("documents", () => {
  it("are signed by the leaf over the Sig_structure of RFC 9052 §4.4", async () => {
    const { bytes, cose, payload } = await document(make());
    expect(toHex(bytes.subarray(0, 8))).toMatch(/^8444a1013822a059$/);
    expect(toHex(bytes.subarray(-98, -96))).toBe("5860");
    const toBeSigned = encodeCbor(["Signature1", cose[0]!, new Uint8Array(0), cose[2]!]);
    const key = new X509Certificate(payload.get("certificate") as Uint8Array).publicKey;
    expect(verify("sha384", toBeSigned, { key, dsaEncoding: "ieee-p1363" }, cose[3]!)).toBe(true);
    expect(verify("sha384", toBeSigned.fill(0, -1), { key, dsaEncoding: "ieee-p1363" }, cose[3]!)).toBe(false);
  });

  it("hold AWS's nine keys in its order, in an indefinite map, null where absent", async () => {
    const { cose, payload } = await document(make());
    expect([cose[2]![0], cose[2]!.at(-1)]).toEqual([0xbf, 0xff]);
    expect([...payload.keys()]).toEqual([
      "module_id",
      "digest",
      "timestamp",
      "pcrs",
      "certificate",
      "cabundle",
      "public_key",
      "user_data",
      "nonce",
    ]);
    expect([payload.get("public_key"), payload.get("user_data"), payload.get("nonce")]).toEqual([null, null, null]);
    expect(payload.get("timestamp")).toBe(START);
    expect(payload.get("digest")).toBe("SHA384");
    expect((payload.get("cabundle") as Uint8Array[])[0]).toEqual(pki.rootCertificate);
  });

  it("list registers 0 to 15 and those locked above, and no open one", async () => {
    const nsm = make();
    const indices = async (): Promise<number[]> => [...((await document(nsm)).payload.get("pcrs") as Map<number, Uint8Array>).keys()];
    const platform = Array.from({ length: 16 }, (_, index) => index);
    await ask(nsm, { kind: "ExtendPCR", index: 16, data: ZERO });
    expect(await indices()).toEqual(platform);
    await ask(nsm, { kind: "LockPCR", index: 17 });
    expect(await indices()).toEqual([...platform, 17]);
    await ask(nsm, { kind: "LockPCR", index: 16 });
    expect(await indices()).toEqual([...platform, 16, 17]);
  });

  it("take 1024 bytes of public_key and 512, by choice 1024, of the others; empty is not absent", async () => {
    const attest = (nsm: Nsm, publicKey: number, userData: number, nonce: number): Promise<NsmResponse> =>
      ask(nsm, {
        kind: "Attestation",
        publicKey: new Uint8Array(publicKey),
        userData: new Uint8Array(userData),
        nonce: new Uint8Array(nonce),
      });
    const [strict, wide] = [make(), make({ maxUserData: 1024 })];
    await ask(wide, { kind: "LockPCRs", range: 32 });
    const largest = await wide.request(
      encodeNsmRequest({
        kind: "Attestation",
        publicKey: new Uint8Array(1024),
        userData: new Uint8Array(1024),
        nonce: new Uint8Array(1024),
      }),
    );
    expect(decodeNsmResponse(largest).kind).toBe("Attestation");
    expect(largest.length).toBeLessThanOrEqual(NSM_MAX_RESPONSE);
    expect((await attest(strict, 1024, 512, 512)).kind).toBe("Attestation");
    const tooLarge = [
      attest(strict, 1025, 0, 0),
      attest(strict, 0, 513, 0),
      attest(strict, 0, 0, 513),
      attest(wide, 0, 1025, 0),
      attest(wide, 0, 0, 1025),
    ];
    for (const response of await Promise.all(tooLarge)) expect(response).toEqual(error("InputTooLarge"));
    const empty = new Uint8Array(0);
    const { payload } = await document(strict, { kind: "Attestation", publicKey: empty, userData: empty, nonce: empty });
    expect([payload.get("public_key"), payload.get("user_data"), payload.get("nonce")]).toEqual([empty, empty, empty]);
  });

  it("zero PCR0, 1 and 2 alone in debug mode", async () => {
    const measurements = { pcr0: fill(1), pcr1: fill(2), pcr2: fill(3), pcr8: fill(8) };
    const nsm = make({ pcrs: bootPcrs(measurements, instanceIdOf(MODULE), "arn:aws:iam::123456789012:role/x"), debug: true });
    const pcrs = (await document(nsm)).payload.get("pcrs") as Map<number, Uint8Array>;
    expect([0, 1, 2].map((index) => pcrs.get(index))).toEqual([ZERO, ZERO, ZERO]);
    expect(pcrs.get(3)).toEqual(sha384(ZERO, utf8Encode("arn:aws:iam::123456789012:role/x")));
    expect(pcrs.get(4)).toEqual(sha384(ZERO, utf8Encode("i-0fd3fdaad4e904e69")));
    expect(pcrs.get(8)).toEqual(fill(8));
  });

  it("keep their leaf until it expires, then get a new one", async () => {
    nowMs = START;
    const nsm = make();
    const leafOf = async (): Promise<X509Certificate> =>
      new X509Certificate((await document(nsm)).payload.get("certificate") as Uint8Array);
    const first = await leafOf();
    const end = first.validToDate.getTime();
    nowMs = end - 1;
    expect((await leafOf()).fingerprint256).toBe(first.fingerprint256);
    nowMs = end;
    const second = await leafOf();
    expect(second.fingerprint256).not.toBe(first.fingerprint256);
    expect(second.validFromDate.getTime()).toBe(end - 3000);
    nowMs = START; // the clock goes back: the leaf that is not valid yet is not used
    expect((await leafOf()).fingerprint256).not.toBe(second.fingerprint256);
  });

  it("answers InternalError when no certificate can be had, and says why to its owner alone", async () => {
    const seen: unknown[] = [];
    const nsm = make({ moduleId: "i-234-enc5678", onInternalError: (reason) => seen.push(reason) });
    expect(await ask(nsm, ATTESTATION)).toEqual(error("InternalError"));
    expect(seen).toEqual([expect.objectContaining({ code: "pki-module-id" })]);
    expect((await ask(nsm, { kind: "DescribeNSM" })).kind).toBe("DescribeNSM");
  });
});

describe("hostile requests", () => {
  it("gets the same error for all that is not a request", async () => {
    const nsm = make();
    const malformed = [
      new Uint8Array(0),
      encodeCbor("describenSM"),
      encodeCbor(null),
      encodeCbor(["DescribeNSM"]),
      encodeCbor(new Map()),
      map("Unknown", new Map()),
      map("DescribePCR", new Map()),
      map("DescribePCR", new Map([["index", -1]])),
      map("DescribePCR", new Map([["index", 65_536]])),
      map("DescribePCR", new Map([["index", "16"]])),
      map("ExtendPCR", new Map([["index", 16]])),
      map(
        "ExtendPCR",
        new Map<string, CborValue>([
          ["index", 16],
          ["data", "text"],
        ]),
      ),
      map("Attestation", new Map([["user_data", "text"]])),
      map("Attestation", null),
      concatBytes(encodeCbor("DescribeNSM"), Uint8Array.of(0)),
      encodeCbor("DescribeNSM").subarray(0, 5),
      fromHex("a16b4465736372696265504352a265696e6465780065696e64657810"), // index twice
      fromHex("a16b4465736372696265504352a165696e6465781800"), // a long-form 0
      new Uint8Array(4096).fill(0x81), // a nesting bomb
      fromHex("bb7fffffffffffffff"), // a giant declared map
    ];
    for (const bytes of malformed)
      expect([toHex(bytes.subarray(0, 20)), await refused(nsm, bytes)]).toEqual([toHex(bytes.subarray(0, 20)), "InvalidOperation"]);
    expect(await refused(nsm, new Uint8Array(4097))).toBe("InputTooLarge");
    expect(await refused(nsm, new Uint8Array(1 << 20))).toBe("InputTooLarge");
    const full = encodeNsmRequest({ kind: "ExtendPCR", index: 16, data: new Uint8Array(4096 - 27) });
    expect(full).toHaveLength(4096);
    expect(await refused(nsm, full)).toBe("ExtendPCR");
  });

  it("never rejects, never answers more than the driver's 12288 bytes, never moves a locked register", async () => {
    const nsm = make();
    const valid = fc.constantFrom<NsmRequest>(
      { kind: "DescribeNSM" },
      { kind: "DescribePCR", index: 3 },
      { kind: "ExtendPCR", index: 2, data: fill(7) },
      { kind: "ExtendPCR", index: 20, data: fill(7) },
      { kind: "LockPCRs", range: 12 },
      { kind: "Attestation", userData: fill(1), nonce: fill(2), publicKey: fill(3) },
    );
    const mutated = fc
      .tuple(valid, fc.array(fc.tuple(fc.nat(200), fc.nat(255)), { maxLength: 3 }), fc.nat(200), fc.uint8Array({ maxLength: 4 }))
      .map(([request, changes, cut, tail]) => {
        const bytes = concatBytes(encodeNsmRequest(request).subarray(0, cut), tail);
        for (const [at, byte] of changes) if (at < bytes.length) bytes[at] = byte;
        return bytes;
      });
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.uint8Array({ maxLength: 300 }), mutated), async (bytes) => {
        const response = await nsm.request(bytes);
        expect(response.length).toBeLessThanOrEqual(NSM_MAX_RESPONSE);
        decodeNsmResponse(response);
      }),
      { numRuns: 500 },
    );
    for (const index of [0, 1, 2]) expect(await ask(nsm, { kind: "DescribePCR", index })).toMatchObject({ data: fill(index + 1) });
  });
});

describe("makeModuleId", () => {
  it("has AWS's form, with the launch time in the enclave's part", () => {
    const id = makeModuleId({ nowMs: () => 0x019b54988b2d }, (length) => new Uint8Array(length).fill(0xab));
    expect(id).toBe("i-0abababababababab-enc019b54988b2dabab");
    expect(instanceIdOf(id)).toBe("i-0abababababababab");
  });
});
