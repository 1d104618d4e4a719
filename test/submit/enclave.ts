import { createHash } from "node:crypto";
import { Responder } from "@caladrius/enclave/intake";
import { testCedar } from "@caladrius/enclave/test-support/cedar.ts";
import { decodeJobReply, ENCLAVE_ERROR, encodeAttestRequest, encodeBootMessage, MESSAGE, type EnclaveErrorName } from "@caladrius/wire";
import type { Surroundings } from "../support/index.ts";

/** The enclave program behind its socket, in this process. */
export interface InProcessEnclave {
  /** body of GET /v1/attestation */
  attest(nonce: Uint8Array | null): Promise<Uint8Array>;
  /** the sealed replies, none when the job does not open; or why it was not opened */
  answer(sealed: Uint8Array): Promise<Uint8Array[] | EnclaveErrorName>;
}

export async function startEnclave(surroundings: Surroundings): Promise<InProcessEnclave> {
  const responder = new Responder({
    nsm: surroundings.newNsm(),
    software: { name: "caladrius-enclave", version: "0.0.0", commit: null },
    monotonicMs: () => performance.now(),
    cedar: testCedar(),
    fatal: (word) => {
      throw new Error(word);
    },
    onBooted: () => {},
  });
  let id = 0;
  const ask = async (kind: number, body: Uint8Array): Promise<Uint8Array | EnclaveErrorName> => {
    const reply = await responder.respond({ kind, id: id++, body });
    return "body" in reply ? reply.body : reply.error;
  };
  await ask(MESSAGE.boot, encodeBootMessage(surroundings.boot));
  return {
    async attest(nonce) {
      const body = await ask(MESSAGE.attest, encodeAttestRequest({ nonce, keys: "boot" }));
      if (typeof body === "string") throw new Error(`${body} (${ENCLAVE_ERROR[body]})`);
      return body;
    },
    async answer(sealed) {
      const body = await ask(MESSAGE.job, sealed);
      return typeof body === "string" ? body : decodeJobReply(body).replies;
    },
  };
}

/** A trust file for the enclaves of these surroundings, with any part replaced. */
export function trustFor({ pki, boot }: Surroundings, change: Readonly<Record<string, unknown>> = {}): string {
  const measured = "01".repeat(48);
  const sha384 = (...parts: Uint8Array[]): Buffer => createHash("sha384").update(Buffer.concat(parts)).digest();
  const pcr16 = sha384(new Uint8Array(48), sha384(boot.constitution)).toString("hex");
  return JSON.stringify({
    roots: [pki.rootPem],
    pcrs: [{ 0: measured, 1: measured, 2: measured, 16: pcr16 }],
    allowSimulator: true,
    ...change,
  });
}
