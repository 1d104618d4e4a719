import { createResultVerifier, parseTrustFile, type SignatureBackend, type TrustFile } from "@caladrius/attestation-verifier";
import { signatures } from "@caladrius/attestation-verifier/signatures";
import { createSubmitterKey, openReply, sealJob, verifySealingTarget } from "@caladrius/client";
import { answerJob } from "@caladrius/enclave/attest";
import { attestWithNonce } from "@caladrius/enclave/boot";
import { bootInProcess, makeSurroundings, trustOf } from "@caladrius/test/support";
import { numericHour } from "./recordings.ts";

/** Result files of one boot of a simulated enclave, and the Ed25519 signatures that stand in them. */
export interface Results {
  readonly files: readonly Uint8Array[];
  readonly trust: TrustFile;
  readonly signed: readonly Parameters<SignatureBackend["verifyEd25519"]>[];
}

/** Has an enclave in this process answer so many jobs: the findings of an hour of six channels each. */
export async function makeResults(count: number): Promise<Results> {
  const surroundings = await makeSurroundings();
  const trust = parseTrustFile(trustOf(surroundings));
  const enclave = await bootInProcess(surroundings);
  const nonce = new Uint8Array(32);
  const evidence = await attestWithNonce(enclave, nonce);
  const attestation = { evidence, identity: enclave.identity.bytes };
  const target = await verifySealingTarget(attestation, { trust, nonce, nowMs: Date.now(), signatures });
  const key = await createSubmitterKey();
  const notAfter = Math.ceil(Date.now() / 1000) + 3600;
  const request = { level: "findings", purpose: "TREAT", detectors: [], nonce, notAfter } as const;
  const recording = numericHour();
  const files: Uint8Array[] = [];
  for (let i = 0; i < count; i++) {
    const job = await sealJob(target, recording, request, key);
    const answer = answerJob(enclave, job.sealed);
    const [reply] = answer.kind === "reply" ? answer.reply.replies : [];
    if (reply === undefined) throw new Error("a job was not answered");
    files.push(await openReply(reply, job, key));
  }
  return { files, trust, signed: await signaturesOf(files, trust) };
}

async function signaturesOf(files: readonly Uint8Array[], trust: TrustFile): Promise<Results["signed"]> {
  const signed: Parameters<SignatureBackend["verifyEd25519"]>[] = [];
  const verifyEd25519: SignatureBackend["verifyEd25519"] = (...of) => (signed.push(of), signatures.verifyEd25519(...of));
  const verify = createResultVerifier(trust, {}, { ...signatures, verifyEd25519 });
  for (const bytes of files) {
    const verdict = await verify(bytes);
    if (verdict.status === "contraindicated") throw new Error(`a result was refused: ${verdict.code}`);
  }
  if (signed.length !== files.length) throw new Error(`expected a signature in each of ${files.length} results, found ${signed.length}`);
  return signed;
}
