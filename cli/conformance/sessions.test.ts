import { readFileSync } from "node:fs";
import {
  parseTrustFile,
  rememberSignatures,
  verifyAttestationDocument,
  type EvidenceClaims,
  type EvidenceOptions,
  type TimeMode,
} from "@caladrius/attestation-verifier";
import { signatures } from "@caladrius/attestation-verifier/signatures";
import { beforeAll, describe, expect, it } from "vitest";
import type { Vector } from "./kit.ts";
import { defaultKitFolder, readKit } from "./read-kit.ts";

// What one input cannot show: the same document in two shapes, and the same verifier at two times.
let vectors: readonly Vector[] = [];
beforeAll(async () => {
  ({ vectors } = await readKit(defaultKitFolder()));
});

/** The first vector of this kind, which the kit must have. */
function find(fits: (vector: Vector) => boolean): Vector {
  const vector = vectors.find((one) => one.kind === "document" && fits(one));
  if (vector === undefined) throw new Error("the kit has no such vector");
  return vector;
}

async function judge(
  vector: Vector,
  mode: TimeMode,
  {
    bytes = readFileSync(vector.input),
    backend = signatures,
    ...options
  }: { bytes?: Uint8Array; backend?: typeof signatures } & EvidenceOptions = {},
): Promise<{ code: string; claims: EvidenceClaims | null }> {
  const trust = parseTrustFile(readFileSync(vector.trust, "utf8"));
  return verifyAttestationDocument(bytes, trust, mode, backend, options);
}

const ARCHIVED: TimeMode = { kind: "archived", atMs: null, nonce: null };
const DAY_MS = 86_400_000;

describe("one document", () => {
  it("says the same in each of its shapes, so that nothing can be keyed on its bytes", async () => {
    const vector = find(({ input, expected, mode }) => expected.exit === 0 && mode === "archived" && readFileSync(input)[0] === 0x84);
    const bytes = new Uint8Array(readFileSync(vector.input));
    const tagged = new Uint8Array([0xd2, ...bytes]);
    const s = BigInt(`0x${Buffer.from(bytes.slice(-48)).toString("hex")}`);
    const other = Buffer.from((P384_ORDER - s).toString(16).padStart(96, "0"), "hex");
    const twin = new Uint8Array([...bytes.slice(0, -48), ...other]);
    const { claims } = await judge(vector, ARCHIVED);
    expect(claims).not.toBeNull();
    for (const shape of [tagged, twin]) {
      expect(Buffer.from(shape).equals(bytes)).toBe(false);
      expect((await judge(vector, ARCHIVED, { bytes: shape })).claims).toEqual(claims);
    }
  });

  it("does not answer a second question", async () => {
    const vector = find(({ expected, nonce }) => expected.exit === 0 && nonce !== null && nonce.length >= 32);
    const first = new Uint8Array(Buffer.from(vector.nonce ?? "", "hex"));
    const second = first.with(0, (first[0] ?? 0) ^ 1);
    const remembering = { backend: rememberSignatures(signatures) };
    expect((await judge(vector, { ...ARCHIVED, nonce: first }, remembering)).claims).not.toBeNull();
    expect(await judge(vector, { ...ARCHIVED, nonce: second }, remembering)).toMatchObject({ code: "nonce-mismatch", claims: null });
  });
});

describe("a verifier that remembers signatures", () => {
  it("judges each certificate's end again", async () => {
    const vector = find(({ expected, mode }) => expected.exit === 0 && mode === "archived");
    const remembering = { backend: rememberSignatures(signatures) };
    const { claims } = await judge(vector, ARCHIVED, remembering);
    if (claims === null) throw new Error("the control is refused");
    const ends = [claims.certificate.notAfterMs + 1000, claims.timestampMs + 2 * DAY_MS, claims.timestampMs + 25 * DAY_MS];
    for (const atMs of ends)
      expect(await judge(vector, { ...ARCHIVED, atMs }, remembering)).toMatchObject({ code: "chain-expired", claims: null });
    expect((await judge(vector, ARCHIVED, remembering)).claims).not.toBeNull();
  });

  it("does not take a revoked certificate that it has seen before", async () => {
    const vector = find(({ expected }) => expected.code === "chain-revoked");
    const mode: TimeMode = { ...ARCHIVED, atMs: vector.time === null ? null : Date.parse(vector.time) };
    const remembering = { backend: rememberSignatures(signatures) };
    expect((await judge(vector, mode, remembering)).claims).not.toBeNull();
    const crls = vector.crls.map((file) => new Uint8Array(readFileSync(file)));
    expect(await judge(vector, mode, { ...remembering, crls })).toMatchObject({ code: "chain-revoked", claims: null });
  });
});

/** SP 800-186 §3.2.1.4 */
const P384_ORDER = 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n;
