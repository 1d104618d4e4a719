import { parseTrustFile, verifyAttestationDocument } from "@caladrius/attestation-verifier";
import { signatures } from "@caladrius/attestation-verifier/signatures";
import { bootEnclave } from "@caladrius/enclave/boot";
import { testCedar } from "@caladrius/enclave/test-support/cedar.ts";
import { encodeCbor, type CborValue, type NsmRequest, type NsmResponse } from "@caladrius/wire";
import { beforeAll, describe, expect, it } from "vitest";
import { makeSurroundings, trustOf, type RecordedNsm, type Surroundings } from "./support/index.ts";

const SOFTWARE = { name: "caladrius-enclave", version: "0.0.0", commit: null };
const ZEROS = new Uint8Array(64);

let around: Surroundings;
beforeAll(async () => {
  around = await makeSurroundings();
});

describe("an NSM that signs nothing, as that of QEMU's nitro-enclave machine", () => {
  it("lets the enclave boot, and every verifier refuses its document as what it is", async () => {
    const enclave = await bootEnclave(unsigned(around.newNsm()), around.boot, SOFTWARE, () => performance.now(), testCedar());
    const { document, goodUntilMs } = enclave.identity.evidence;
    expect(goodUntilMs).toBeGreaterThan(Date.now() + 3_500_000);
    expect(goodUntilMs).toBeLessThanOrEqual(Date.now() + 3_600_000);
    const mode = { kind: "live", nowMs: Date.now(), nonce: null, maxAgeMs: null } as const;
    const verdict = await verifyAttestationDocument(document, parseTrustFile(trustOf(around)), mode, signatures);
    expect(verdict).toMatchObject({ status: "contraindicated", code: "envelope-qemu" });
  });
});

/** The same module, whose documents have QEMU's form: algorithm -1, and zeros as certificate and signature. */
function unsigned(nsm: RecordedNsm): RecordedNsm {
  const answer = nsm.call.bind(nsm);
  nsm.call = async (request) => {
    const response = await answer(request);
    const [asked, answered]: [NsmRequest, NsmResponse] = [request, response];
    if (asked.kind === "Attestation" && answered.kind === "Attestation") answered.document = qemuDocument(asked);
    return response;
  };
  return nsm;
}

function qemuDocument({ publicKey, userData, nonce }: NsmRequest & { kind: "Attestation" }): Uint8Array {
  const payload = new Map<string, CborValue>([
    ["module_id", "i-234-enc5678"],
    ["digest", "SHA384"],
    ["timestamp", Math.floor(Date.now() / 1000) * 1000],
    ["pcrs", new Map([[0, new Uint8Array(48)]])],
    ["certificate", ZEROS],
    ["cabundle", [ZEROS]],
    ["public_key", publicKey],
    ["user_data", userData],
    ["nonce", nonce],
  ]);
  return encodeCbor([Uint8Array.of(0xa1, 0x01, 0x20), new Map(), encodeCbor(payload), ZEROS]);
}
