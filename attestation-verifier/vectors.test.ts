import { readdirSync, readFileSync } from "node:fs";
import { ConfigurationError } from "@caladrius/wire";
import { describe, expect, it } from "vitest";
import { kitFiles } from "./generate/kit-files.ts";
import { readVectors, type KitVector } from "./generate/read-vectors.ts";
import type { TimeMode } from "./evidence/mode.ts";
import type { SignatureBackend } from "./signatures/backend.ts";
import { signatures as noble } from "./signatures/noble.ts";
import { signatures as node } from "./signatures/node.ts";
import { rememberSignatures } from "./signatures/remember.ts";
import { signatures as webcrypto } from "./signatures/webcrypto.ts";
import { parseTrustFile, type TrustFile } from "./trust/trust-file.ts";
import { CODE, EXIT, type Code } from "./verdict/code.ts";
import type { EvidenceClaims } from "./verdict/evidence-claims.ts";
import { verifyAttestationDocument } from "./verdict/verify-attestation-document.ts";
import { verifyResultFile } from "./verdict/verify-result-file.ts";

const vectors = readVectors();

async function judge(vector: KitVector, signatures: SignatureBackend): Promise<KitVector["expected"]> {
  let trust: TrustFile;
  try {
    trust = parseTrustFile(vector.trust);
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    const { status, stage } = CODE[error.code as Code];
    return { exit: EXIT[status], status: "contraindicated", code: error.code, stage };
  }
  const { bytes, nonce, timeMs, maxAgeSeconds, expect, crls, consistency } = vector;
  const mode: TimeMode =
    vector.mode === "live"
      ? { kind: "live", nowMs: timeMs ?? Number.NaN, nonce, maxAgeMs: maxAgeSeconds === null ? null : maxAgeSeconds * 1000 }
      : { kind: "archived", atMs: timeMs, nonce };
  const verdict =
    vector.kind === "cose"
      ? await verifyAttestationDocument(bytes, trust, mode, signatures, { crls, consistency })
      : await verifyResultFile(bytes, trust, { mode, ...expect, crls, consistency }, signatures);
  const { status, code, stage, exitCode: exit } = verdict;
  return verdict.status === "contraindicated"
    ? { exit, status, code, stage }
    : { exit, status, code, reasons: [...verdict.reasons], stage };
}

describe.each([
  ["node:crypto", node],
  ["WebCrypto", webcrypto],
  ["noble", rememberSignatures(noble, 4096)], // slow, and most vectors share their certificates
])("the conformance kit on %s", (_, signatures) => {
  it.each(vectors.map((vector) => [vector.id, vector.title, vector] as const))("%s: %s", async (_id, _title, vector) => {
    expect(await judge(vector, signatures)).toEqual(vector.expected);
  });
});

describe("the conformance kit", () => {
  it("comes out of its generator byte for byte, and holds nothing else", () => {
    const folder = new URL("vectors/", import.meta.url);
    const committed = readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => `${entry.parentPath}/${entry.name}`.split("/").slice(-2).join("/"));
    const files = kitFiles();
    expect(committed.toSorted()).toEqual([...files.keys()].toSorted());
    const different = [...files].filter(([path, bytes]) => !readFileSync(new URL(path, folder)).equals(bytes)).map(([path]) => path);
    expect(different).toEqual([]);
  });

  it("has a name, a title, a reason and a source for each vector, no two alike", () => {
    for (const key of ["id", "title"] as const) expect(new Set(vectors.map((vector) => vector[key])).size).toBe(vectors.length);
    for (const { id, title, reason, source } of vectors) {
      expect(id).toMatch(/^[0-9]{3}-[a-z0-9-]+$/);
      expect(title).toMatch(/^\S.*\.$/);
      expect(reason).toMatch(/^\S.*\.$/);
      expect(source).not.toBe("");
    }
  });

  it("shows every rule", () => {
    const shown = new Set(vectors.map(({ rule }) => rule));
    expect(RULES.filter((rule) => !shown.has(rule))).toEqual([]);
    expect([...shown].filter((rule) => rule !== "code" && !RULES.includes(rule))).toEqual([]);
  });

  it("shows every reason code, but for those that no input and no trust file lead to", () => {
    const shown = new Set(vectors.flatMap(({ expected }) => [expected.code, ...(expected.reasons ?? [])]));
    expect(Object.keys(CODE).filter((code) => !shown.has(code))).toEqual(Object.keys(WITHOUT_VECTOR));
    for (const { file, name } of Object.values(WITHOUT_VECTOR)) {
      const text = readFileSync(new URL(file, import.meta.url), "utf8");
      expect(text).toContain(`it(${JSON.stringify(name)}`);
    }
  });

  it("says the same of one document in all its encodings", async () => {
    const claimsOf = async (name: string): Promise<EvidenceClaims | null> => {
      const vector = vectors.find(({ id }) => id.slice(4) === name);
      if (vector === undefined) throw new Error(`no vector ${name}`);
      const mode: TimeMode = { kind: "archived", atMs: vector.timeMs, nonce: null };
      return (await verifyAttestationDocument(vector.bytes, parseTrustFile(vector.trust), mode, node)).claims;
    };
    const claims = await claimsOf("untagged");
    expect(claims).not.toBeNull();
    for (const name of ["tagged", "same-document-twin", "same-document-tagged-twin", "same-chain-twins"])
      expect(await claimsOf(name)).toEqual(claims);
  });
});

/** A trust file that allows a simulator's root allows simulators: only settings made by hand can contradict themselves. */
const WITHOUT_VECTOR: Readonly<Partial<Record<Code, { file: string; name: string }>>> = {
  "simulator-refused": { file: "verdict/verify-result-file.test.ts", name: "says simulator first" },
};
const RULES: readonly string[] = [
  ...Array.from({ length: 45 }, (_, i) => `reject-${i + 1}`),
  ...Array.from({ length: 13 }, (_, i) => `accept-${i + 1}`),
];
