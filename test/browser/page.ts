import { rememberSignatures } from "@caladrius/attestation-verifier";
import { signatures as webcrypto } from "@caladrius/attestation-verifier/signatures";
import { signatures as noble } from "@caladrius/attestation-verifier/signatures/noble";
import { judgeVector, type RawVector } from "./judge-vector.ts";

// Runs inside the browser: judges every vector on both back ends and writes what it found into the page.

interface Page {
  readonly vectors: readonly RawVector[];
  readonly violations: readonly string[];
  readonly document: { getElementById(id: string): { textContent: string } | null };
}
const { vectors, violations, document } = globalThis as unknown as Page;

const found: Record<string, Record<string, object>> = {};
// Plain JavaScript is slow, and most vectors share certificates: each signature is verified once.
for (const [name, signatures] of Object.entries({ webcrypto, noble: rememberSignatures(noble, 4096) })) {
  const verdicts: Record<string, object> = {};
  for (const vector of vectors)
    verdicts[vector.id] = await judgeVector(vector, signatures).catch((error: unknown) => ({ thrown: String(error) }));
  found[name] = verdicts;
}
const output = document.getElementById("found");
if (output !== null) output.textContent = JSON.stringify({ found, violations });
