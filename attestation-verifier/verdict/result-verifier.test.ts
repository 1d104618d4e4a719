import { decodeResultFile, encodeIdentity, encodeResultFile } from "@caladrius/wire";
import { beforeEach, describe, expect, it } from "vitest";
import { IDENTITY, makeResultFile, NONCE } from "../generate/test-result.ts";
import { makeChain, NOW_MS } from "../generate/test-pki.ts";
import type { TimeMode } from "../evidence/mode.ts";
import { signatures } from "../signatures/node.ts";
import { parseTrustFile } from "../trust/trust-file.ts";
import { createResultVerifier } from "./verify-result-file.ts";

const chain = makeChain();
const job = (n: number): Uint8Array => new Uint8Array(32).fill(n);
const made = Array.from({ length: 4 }, (_, n) => makeResultFile({ chain, claims: { jobDigest: job(n) } }));
// Signed evidence differs from one call to the next unless its parts are taken over
const { evidence } = made[0]!.file;
const files = made.map(({ file }) => encodeResultFile({ ...file, evidence }));
const other = makeResultFile({ chain, identity: { sequence: 1 } }).bytes;
const trust = parseTrustFile(made[0]!.trust);

let verified: string[] = [];
const counting: typeof signatures = {
  ...signatures,
  verifyEs384: (...args) => verified.push("ES384") > 0 && signatures.verifyEs384(...args),
  verifyEd25519: (...args) => verified.push("Ed25519") > 0 && signatures.verifyEd25519(...args),
};

describe("verifying many results", () => {
  beforeEach(() => {
    verified = [];
  });

  it("verifies the evidence of an enclave once, and every result", async () => {
    const verify = createResultVerifier(trust, {}, counting);
    for (const [n, bytes] of files.entries())
      expect(await verify(bytes)).toMatchObject({ code: "time-not-proved", atMs: NOW_MS, claims: { result: { jobDigest: job(n) } } });
    expect(verified.filter((one) => one === "ES384")).toHaveLength(5);
    expect(verified.filter((one) => one === "Ed25519")).toHaveLength(files.length);
  });

  it("keeps as many enclaves as it is told, those used last", async () => {
    const verify = createResultVerifier(trust, {}, counting, 1);
    for (const bytes of [files[0]!, other, files[1]!, files[2]!]) expect((await verify(bytes)).status).toBe("warning");
    expect(verified.filter((one) => one === "ES384")).toHaveLength(15);
    const two = createResultVerifier(trust, {}, counting, 2);
    verified = [];
    for (const bytes of [files[0]!, other, files[1]!, other]) expect((await two(bytes)).status).toBe("warning");
    expect(verified.filter((one) => one === "ES384")).toHaveLength(10);
  });

  it("takes no other identity for known evidence, and forgets what it refused", async () => {
    const verify = createResultVerifier(trust, {}, counting);
    expect((await verify(files[0]!)).status).toBe("warning");
    const swapped = encodeResultFile({ ...decodeResultFile(files[0]!), identity: encodeIdentity({ ...IDENTITY, sequence: 9 }) });
    for (let i = 0; i < 2; i++) expect(await verify(swapped)).toMatchObject({ code: "identity-commitment", claims: null });
    const broken = new Uint8Array(evidence);
    broken[broken.length - 1]! ^= 1;
    const forged = encodeResultFile({ ...decodeResultFile(files[0]!), evidence: broken });
    for (let i = 0; i < 2; i++) expect(await verify(forged)).toMatchObject({ code: "document-signature", claims: null });
  });

  it("is not misled by bytes that change afterwards", async () => {
    const verify = createResultVerifier(trust, {}, counting);
    const bytes = Buffer.from(files[0]!);
    expect((await verify(bytes)).status).toBe("warning");
    bytes.fill(0);
    expect((await verify(files[1]!)).status).toBe("warning");
    expect(verified.filter((one) => one === "ES384")).toHaveLength(5);
  });

  it("expects of each file what its caller says, else what the verifier was made with", async () => {
    const verify = createResultVerifier(trust, { nonce: NONCE, policyVersion: 3 }, counting);
    expect(await verify(files[1]!, { jobDigest: job(1) })).toMatchObject({ status: "warning" });
    expect(await verify(files[1]!, { jobDigest: job(2) })).toMatchObject({ code: "result-job" });
    expect(await verify(files[1]!, { policyVersion: 4 })).toMatchObject({ code: "result-policy-floor" });
    expect(await verify(files[1]!, { nonce: new Uint8Array(16) })).toMatchObject({ code: "result-nonce" });
  });

  it("judges known evidence under its mode like new", async () => {
    const mode = { kind: "live", nowMs: NOW_MS + 61_000, nonce: null, maxAgeMs: 600_000 } as const;
    const verify = createResultVerifier(trust, { mode }, counting);
    for (const bytes of files) expect((await verify(bytes)).status).toBe("affirming");
    const late = createResultVerifier(trust, { mode: { ...mode, nowMs: NOW_MS + 601_000 } }, counting);
    for (const bytes of files) expect(await late(bytes)).toMatchObject({ code: "timestamp-age" });
  });

  it("keeps the mode that it was made with", async () => {
    const mode = { kind: "live", nowMs: NOW_MS + 61_000, nonce: null, maxAgeMs: 600_000 };
    const verify = createResultVerifier(trust, { mode: mode as TimeMode }, counting);
    expect(await verify(files[0]!)).toMatchObject({ status: "affirming", mode: "live" });
    Object.assign(mode, { kind: "archived", atMs: null, nowMs: NOW_MS + 10 ** 9 });
    for (const bytes of files) expect(await verify(bytes)).toMatchObject({ status: "affirming", mode: "live" });
    expect(verified.filter((one) => one === "ES384")).toHaveLength(5);
  });
});
