import {
  CODE,
  EXIT,
  parseTrustFile,
  verifyAttestationDocument,
  verifyResultFile,
  type Code,
  type EvidenceOptions,
  type SignatureBackend,
  type TimeMode,
  type TrustFile,
} from "@caladrius/attestation-verifier";
import { fromBase64, fromHex, utf8Decode } from "@caladrius/wire";

/** The files of one vector's folder, in base64, so that they travel into a page as they are. */
export interface RawVector {
  readonly id: string;
  readonly files: Readonly<Record<string, string>>;
}

/** The part of manifest.json that says how to ask. */
interface Manifest {
  readonly mode: "live" | "archived";
  readonly time: string | null;
  readonly nonce: string | null;
  readonly maxAgeSeconds: number | null;
  readonly expect?: { readonly jobDigest?: string; readonly nonce?: string; readonly policyVersion?: number };
  readonly consistency?: "report";
  readonly crls?: readonly string[];
}

/** What expected.json says, found out by verifying. Runs in Node and in pages. */
export async function judgeVector({ files }: RawVector, signatures: SignatureBackend): Promise<object> {
  const read = (name: string): Uint8Array => fromBase64(files[name] ?? "");
  const { mode: kind, time, nonce: hex, maxAgeSeconds, ...asked } = JSON.parse(utf8Decode(read("manifest.json"))) as Manifest;
  let trust: TrustFile;
  try {
    trust = parseTrustFile(utf8Decode(read("trust.json")));
  } catch (error) {
    const { status, stage } = CODE[(error as { code: Code }).code];
    return { exit: EXIT[status], status: "contraindicated", code: (error as { code: Code }).code, stage };
  }
  const nonce = hex === null ? null : fromHex(hex);
  const timeMs = time === null ? null : Date.parse(time);
  const maxAgeMs = maxAgeSeconds === null ? null : maxAgeSeconds * 1000;
  const mode: TimeMode =
    kind === "live" ? { kind, nowMs: timeMs ?? Number.NaN, nonce, maxAgeMs } : { kind: "archived", atMs: timeMs, nonce };
  const options: EvidenceOptions = {
    ...(asked.consistency === undefined ? {} : { consistency: asked.consistency }),
    ...(asked.crls === undefined ? {} : { crls: asked.crls.map(read) }),
  };
  const expect = {
    jobDigest: asked.expect?.jobDigest === undefined ? null : fromHex(asked.expect.jobDigest),
    nonce: asked.expect?.nonce === undefined ? null : fromHex(asked.expect.nonce),
    policyVersion: asked.expect?.policyVersion ?? null,
  };
  const verdict =
    files["input.attested"] === undefined
      ? await verifyAttestationDocument(read("input.cose"), trust, mode, signatures, options)
      : await verifyResultFile(read("input.attested"), trust, { mode, ...expect, ...options }, signatures);
  const { exitCode: exit, status, code, stage } = verdict;
  return verdict.status === "contraindicated" ? { exit, status, code, stage } : { exit, status, code, reasons: verdict.reasons, stage };
}
