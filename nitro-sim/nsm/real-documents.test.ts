import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeForeignCbor, decodeNsmResponse, encodeNsmRequest, toHex, type CborValue } from "@caladrius/wire";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createNsm, openSimulatedPki } from "../index.ts";

const real = (name: string): URL => new URL(`../../../shared/fixtures/attestation/${name}`, import.meta.url);
// The newest real documents: since 2025-08 the payload map is indefinite.
const REAL = ["2025-12-25_us-east-1_debug_0fd3fd_1c921bd7.cose", "2025-08-18_us-east-1_debug_009a1d_2668d61d.cose"];
const present = REAL.every((name) => existsSync(real(name)));

describe.skipIf(!present)("against AWS's own documents", () => {
  let dir: string;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), "cal-real-"));
  });
  afterAll(() => rm(dir, { recursive: true }));

  /** A simulated document with the fields of a real one. */
  const simulate = async (document: Uint8Array): Promise<Uint8Array> => {
    const fields = payloadOf(document);
    const timestamp = fields.get("timestamp") as number;
    const clock = { nowMs: () => timestamp };
    const pki = await openSimulatedPki(join(dir, String(timestamp)), clock, { region: "us-east-1" });
    const pcrs = new Map([...(fields.get("pcrs") as Map<number, Uint8Array>)].filter(([index]) => index < 16));
    const nsm = createNsm({ pki, moduleId: fields.get("module_id") as string, pcrs, clock, randomBytes });
    const userData = fields.get("user_data") as Uint8Array | null;
    const nonce = fields.get("nonce") as Uint8Array | null;
    const publicKey = fields.get("public_key") as Uint8Array | null;
    const response = decodeNsmResponse(await nsm.request(encodeNsmRequest({ kind: "Attestation", userData, nonce, publicKey })));
    if (response.kind !== "Attestation") throw new Error(JSON.stringify(response));
    return response.document;
  };

  it.each(REAL)("%s: the same CBOR heads, keys and values outside certificates and signature", async (name) => {
    const theirs = new Uint8Array(readFileSync(real(name)));
    const ours = await simulate(theirs);
    expect(toHex(ours.subarray(0, 8))).toBe(toHex(theirs.subarray(0, 8)));
    expect(cborSkeleton(ours)).toEqual(cborSkeleton(theirs));
    const [a, b] = [payloadOf(ours), payloadOf(theirs)];
    for (const key of ["module_id", "digest", "timestamp", "pcrs", "public_key", "user_data", "nonce"])
      expect(a.get(key)).toEqual(b.get(key));
  });

  it.each(REAL)("%s: certificates equal field by field but for keys, serials, names and signatures", async (name) => {
    const theirs = new Uint8Array(readFileSync(real(name)));
    const [a, b] = [chainOf(await simulate(theirs)), chainOf(theirs)];
    expect(a).toHaveLength(5);
    for (const [index, certificate] of a.entries()) expect(derSkeleton(certificate)).toEqual(derSkeleton(b[index]!));
  });

  it("looks deep enough to see a changed path length, criticality, key usage or name order", () => {
    const zonal = chainOf(new Uint8Array(readFileSync(real(REAL[0]!))))[2]!;
    const seen = JSON.stringify(derSkeleton(zonal));
    const hex = toHex(zonal);
    for (const [from, to] of [
      ["30060101ff020101", "30060101ff020102"],
      ["0603551d0f0101ff", "0603551d0f010100"],
      ["03020186", "03020106"],
      ["0603550403", "060355040a"],
    ] as const) {
      expect(hex).toContain(from);
      expect(JSON.stringify(derSkeleton(Buffer.from(hex.replace(from, to), "hex")))).not.toBe(seen);
    }
  });

  it.each(REAL)("%s: leaf serial number and subject say what AWS's say", async (name) => {
    const theirs = new Uint8Array(readFileSync(real(name)));
    const [a, b] = [chainOf(await simulate(theirs))[4]!, chainOf(theirs)[4]!];
    expect(serial(a)).toBe(serial(b));
    expect(commonName(a)).toBe(commonName(b));
  });
});

/** Enclave id and zeros; the time of issue behind them differs. */
function serial(leaf: Uint8Array): string {
  return toHex(leaf.subarray(15, 15 + 12));
}

function commonName(leaf: Uint8Array): string | undefined {
  return /i-[0-9a-f]{17}-enc[0-9a-f]{16}\.[a-z0-9-]+\.aws/.exec(Buffer.from(leaf).toString("latin1"))?.[0];
}

function payloadOf(document: Uint8Array): Map<string, CborValue> {
  const cose = decodeForeignCbor(document) as CborValue[];
  return decodeForeignCbor(cose[2] as Uint8Array) as Map<string, CborValue>;
}

function chainOf(document: Uint8Array): Uint8Array[] {
  const payload = payloadOf(document);
  return [...(payload.get("cabundle") as Uint8Array[]), payload.get("certificate") as Uint8Array];
}

/** Every CBOR head with its kind; certificates, payload and signature without their lengths' values. */
function cborSkeleton(document: Uint8Array): string[] {
  const heads: string[] = [];
  const walk = (bytes: Uint8Array): void => {
    let at = 0;
    const item = (): boolean => {
      const head = bytes[at++]!;
      const [major, info] = [head >> 5, head & 31];
      const extra = info < 24 || info === 31 ? 0 : 1 << (info - 24);
      let value = info;
      if (extra > 0) value = [...bytes.subarray(at, at + extra)].reduce((sum, byte) => sum * 256 + byte, 0);
      at += extra;
      heads.push(major === 2 && value > 400 ? `bytes, ${extra} length bytes` : `${major} ${info === 31 ? "indefinite" : value}`);
      if (head === 0xff) return false;
      if (major === 2 || major === 3) {
        const body = bytes.subarray(at, at + value);
        at += value;
        if (major === 3) heads.push(Buffer.from(body).toString());
        if (body.length > 400 && body[0] === 0xbf) walk(body); // the payload, not a signature or certificate
      } else if (major === 4) for (let i = 0; i < value; i++) item();
      else if (major === 5) {
        if (info === 31) while (item()) item();
        else for (let i = 0; i < 2 * value; i++) item();
      }
      return true;
    };
    item();
    if (at !== bytes.length) heads.push(`${bytes.length - at} trailing`);
  };
  walk(document);
  return heads;
}

/** Tags and nesting, with the values of OIDs, booleans, key usage, path lengths and version; not of what differs by chain. */
function derSkeleton(bytes: Uint8Array, inExtensions = false): unknown[] {
  const items: unknown[] = [];
  let at = 0;
  while (at < bytes.length) {
    const tag = bytes[at++]!;
    let length = bytes[at++]!;
    if (length > 0x80) {
      const count = length & 0x7f;
      length = 0;
      for (let i = 0; i < count; i++) length = length * 256 + bytes[at++]!;
    }
    const body = bytes.subarray(at, at + length);
    at += length;
    const value = [0x01, 0x06].includes(tag) || (inExtensions && [0x02, 0x03].includes(tag)) ? toHex(body) : "";
    const size = tag === 0x80 || (tag === 0x04 && length === 20) || tag === 0x17 ? length : "";
    if (tag === 0x30 || tag === 0x31 || tag >= 0xa0) items.push([tag, derSkeleton(body, inExtensions || tag === 0xa3 || tag === 0xa0)]);
    else if (tag === 0x04 && inExtensions && length !== 20) items.push([tag, derSkeleton(body, true)]);
    else items.push([tag, value, size]);
  }
  return items;
}
