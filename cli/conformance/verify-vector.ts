import {
  CODE,
  EXIT as VERDICT_EXIT,
  parseTrustFile,
  verifyAttestationDocument,
  verifyResultFile,
  type Code,
  type EvidenceOptions,
  type TimeMode,
  type TrustFile,
  type Verdict,
} from "@caladrius/attestation-verifier";
import { signatures } from "@caladrius/attestation-verifier/signatures";
import { ConfigurationError, fromHex, utf8Decode } from "@caladrius/wire";
import type { Answer } from "./judge.ts";
import type { Expected, Vector } from "./kit.ts";
import { readVectorFile } from "./read-kit.ts";

/** Asks this build's own verifier about a vector, with all that the vector says. */
export async function verifyVector(vector: Vector): Promise<Answer> {
  const verdict = await verdictOf(vector);
  return { exit: verdict.exit, why: verdict.code, verdict };
}

async function verdictOf(vector: Vector): Promise<Expected> {
  const bytes = await readVectorFile(vector.input);
  const trust = readTrust(await readVectorFile(vector.trust));
  if (typeof trust === "string") return refusedTrust(trust);
  const mode = modeOf(vector);
  const crls = await Promise.all(vector.crls.map(readVectorFile));
  const options: EvidenceOptions = {
    ...(vector.consistency === null ? {} : { consistency: vector.consistency }),
    ...(crls.length === 0 ? {} : { crls }),
  };
  return shortened(
    vector.kind === "document"
      ? await verifyAttestationDocument(bytes, trust, mode, signatures, options)
      : await verifyResultFile(bytes, trust, { ...vector.expect, ...options, mode }, signatures),
  );
}

/** A trust file, or the code of why it is none. */
function readTrust(bytes: Uint8Array): TrustFile | Code {
  try {
    return parseTrustFile(utf8Decode(bytes));
  } catch (error) {
    if (error instanceof ConfigurationError && Object.hasOwn(CODE, error.code)) return error.code as Code;
    throw error;
  }
}

function refusedTrust(code: Code): Expected {
  return { exit: VERDICT_EXIT[CODE[code].status], status: "contraindicated", code, reasons: null, stage: CODE[code].stage };
}

function modeOf({ mode, time, nonce: hex, maxAgeSeconds }: Vector): TimeMode {
  const nonce = hex === null ? null : fromHex(hex);
  const atMs = time === null ? null : Date.parse(time);
  if (mode === "archived") return { kind: "archived", atMs, nonce };
  return { kind: "live", nowMs: atMs ?? Number.NaN, nonce, maxAgeMs: maxAgeSeconds === null ? null : maxAgeSeconds * 1000 };
}

function shortened(verdict: Verdict<unknown>): Expected {
  const { status, code, stage, exitCode: exit } = verdict;
  return { exit, status, code, reasons: verdict.status === "contraindicated" ? null : verdict.reasons, stage };
}
