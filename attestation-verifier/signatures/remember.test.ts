import { describe, expect, it } from "vitest";
import { makeDocument } from "../generate/test-document.ts";
import { makeChain, NOW_MS } from "../generate/test-pki.ts";
import { parseTrustAnchor } from "../evidence/anchor.ts";
import type { TimeMode } from "../evidence/mode.ts";
import { verifyEvidence } from "../evidence/verify-evidence.ts";
import type { SignatureBackend } from "./backend.ts";
import { signatures as node } from "./node.ts";
import { rememberSignatures } from "./remember.ts";
import { signatures as webcrypto } from "./webcrypto.ts";

const chain = makeChain();
const anchors = [parseTrustAnchor(chain.root)];
const first = makeDocument({ chain }).bytes;
const second = makeDocument({ chain, fields: { nonce: new Uint8Array(32) } }).bytes;
const DAY_MS = 86_400_000;

/** A back end that counts what it is asked. */
function counted(backend: SignatureBackend): SignatureBackend & { asked: number } {
  const counting: SignatureBackend & { asked: number } = {
    ...backend,
    asked: 0,
    verifyEs384(...of) {
      counting.asked += 1;
      return backend.verifyEs384(...of);
    },
  };
  return counting;
}

async function verify(bytes: Uint8Array, signatures: SignatureBackend, mode: Partial<TimeMode> = {}): Promise<string> {
  const archived: TimeMode = { kind: "archived", atMs: null, nonce: null };
  return verifyEvidence(bytes, { anchors, mode: { ...archived, ...mode } as TimeMode, signatures }).then(
    () => "accepted",
    (error: unknown) => (error as { code: string }).code,
  );
}

describe.each([
  ["node:crypto", node],
  ["WebCrypto", webcrypto],
])("remembering what %s verified", (_, backend) => {
  it("remembers copies, so that a Buffer filled anew is verified anew", async () => {
    const genuine = Buffer.from("genuine");
    const only: SignatureBackend = { ...backend, verifyEs384: (_key, message) => Buffer.from(message).equals(Buffer.from("genuine")) };
    const signatures = rememberSignatures(only);
    const message = Buffer.from(genuine);
    expect(await signatures.verifyEs384(new Uint8Array(97), message, new Uint8Array(96))).toBe(true);
    message.fill(0);
    expect(await signatures.verifyEs384(new Uint8Array(97), message, new Uint8Array(96))).toBe(false);
  });

  it("has each signature verified once", async () => {
    const counting = counted(backend);
    const signatures = rememberSignatures(counting);
    expect(await verify(first, signatures)).toBe("accepted");
    expect(counting.asked).toBe(5);
    expect(await verify(first, signatures)).toBe("accepted");
    expect(counting.asked).toBe(5);
    expect(await verify(second, signatures)).toBe("accepted"); // the same chain, another document
    expect(counting.asked).toBe(6);
  });

  it("judges time and nonce anew", async () => {
    const signatures = rememberSignatures(backend);
    const live = { kind: "live", nonce: null, maxAgeMs: 300_000 } as const;
    expect(await verify(first, signatures, { ...live, nowMs: NOW_MS })).toBe("accepted");
    expect(await verify(first, signatures, { ...live, nowMs: NOW_MS + 2 * DAY_MS, maxAgeMs: 3 * DAY_MS })).toBe("chain-expired");
    expect(await verify(first, signatures, { ...live, nowMs: NOW_MS + 400_000 })).toBe("timestamp-age");
    expect(await verify(first, signatures, { nonce: new Uint8Array(8) })).toBe("nonce-missing");
  });

  it("does not take other bytes for those it knows", async () => {
    const counting = counted(backend);
    const signatures = rememberSignatures(counting);
    await verify(first, signatures);
    const triples: [Uint8Array, Uint8Array, Uint8Array][] = [];
    await verify(first, { ...backend, verifyEs384: (...of) => (triples.push(of), true) });
    expect(triples).toHaveLength(5);
    const flip = (bytes: Uint8Array): Uint8Array => bytes.with(bytes.length - 1, (bytes.at(-1) ?? 0) ^ 1);
    for (const [key, message, signature] of triples) {
      expect(await signatures.verifyEs384(key, message, signature)).toBe(true);
      expect(await signatures.verifyEs384(flip(key), message, signature)).toBe(false);
      expect(await signatures.verifyEs384(key, flip(message), signature)).toBe(false);
      expect(await signatures.verifyEs384(key, message.subarray(1), signature)).toBe(false);
      expect(await signatures.verifyEs384(key, message, flip(signature))).toBe(false);
      expect(await signatures.verifyEs384(key, message, new Uint8Array(0))).toBe(false);
      expect(await signatures.verifyEs384(key, message, signature)).toBe(true);
    }
    const [[key, message], [, , other]] = triples as [(typeof triples)[0], (typeof triples)[0]];
    expect(await signatures.verifyEs384(key, message, other)).toBe(false); // genuine, of another certificate
  });

  it("does not remember a no, and asks again each time", async () => {
    const counting = counted(backend);
    const signatures = rememberSignatures(counting);
    const forged = first.with(first.length - 1, (first.at(-1) ?? 0) ^ 1);
    expect(await verify(forged, signatures)).toBe("document-signature");
    expect(await verify(forged, signatures)).toBe("document-signature");
    expect(counting.asked).toBe(6);
  });

  it("keeps its own copy of what was verified", async () => {
    const signatures = rememberSignatures(backend);
    const triples: [Uint8Array, Uint8Array, Uint8Array][] = [];
    await verify(first, { ...backend, verifyEs384: (...of) => (triples.push(of), true) });
    const [key, message, signature] = triples[0]!.map((bytes) => bytes.slice()) as (typeof triples)[0];
    const pending = signatures.verifyEs384(key, message, signature);
    message.fill(0);
    expect(await pending).toBe(true);
    expect(await signatures.verifyEs384(key, message, signature)).toBe(false);
  });

  it("keeps no more than it was told to, and lets go of what was used least lately", async () => {
    const counting = counted(backend);
    const signatures = rememberSignatures(counting, 5);
    await verify(first, signatures);
    await verify(second, signatures); // the first document's own signature goes, the chain's stay
    expect(counting.asked).toBe(6);
    await verify(second, signatures);
    expect(counting.asked).toBe(6);
    await verify(first, signatures);
    expect(counting.asked).toBe(7);
  });
});

it("remembers nothing that is larger than a document", async () => {
  const backend = counted({ ...node, verifyEs384: () => true });
  const remembering = rememberSignatures(backend);
  const ask = (size: number): boolean | Promise<boolean> =>
    remembering.verifyEs384(new Uint8Array(97), new Uint8Array(size), new Uint8Array(96).fill(size));
  for (let i = 0; i < 2; i++) expect(await ask(17_001)).toBe(true);
  expect(backend.asked).toBe(2);
  for (let i = 0; i < 2; i++) expect(await ask(17_000)).toBe(true);
  expect(backend.asked).toBe(3);
});
