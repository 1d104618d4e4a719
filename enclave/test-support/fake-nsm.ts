import { randomBytes, sign } from "node:crypto";
import { defaultFields, encodeFields } from "@caladrius/attestation-verifier/generate/test-document.ts";
import { makeChain, NOW_MS, sha384, type TestChain } from "@caladrius/attestation-verifier/generate/test-pki.ts";
import { encodeCbor, type CborValue, type NsmRequest, type NsmResponse } from "@caladrius/wire";
import type { Nsm } from "../nsm/client.ts";

/** The certificates of every fake NSM: valid from an hour before NOW_MS to two hours after. */
export const CHAIN: TestChain = makeChain();

/** An NSM whose registers extend and whose documents verify under CHAIN's root, at the time that the caller's clock says. */
export class FakeNsm implements Nsm {
  readonly asked: NsmRequest["kind"][] = [];
  readonly #pcrs = new Map<number, Uint8Array>();
  readonly #monotonicMs: () => number;
  /** set: every attestation fails with it */
  failing: Error | null = null;

  constructor(monotonicMs: () => number) {
    this.#monotonicMs = monotonicMs;
  }

  async call<K extends NsmRequest["kind"]>(request: Extract<NsmRequest, { kind: K }>): Promise<Extract<NsmResponse, { kind: K }>> {
    this.asked.push(request.kind);
    return this.#answer(request) as Extract<NsmResponse, { kind: K }>;
  }

  #answer(request: NsmRequest): NsmResponse {
    switch (request.kind) {
      case "ExtendPCR": {
        const data = sha384(this.#pcr(request.index), request.data);
        this.#pcrs.set(request.index, data);
        return { kind: "ExtendPCR", data };
      }
      case "LockPCR":
        return { kind: "LockPCR" };
      case "DescribePCR":
        return { kind: "DescribePCR", lock: true, data: this.#pcr(request.index) };
      case "GetRandom":
        return { kind: "GetRandom", random: randomBytes(256) };
      case "Attestation":
        if (this.failing !== null) throw this.failing;
        return { kind: "Attestation", document: this.#document(request) };
      default:
        throw new Error(`not asked of this NSM: ${request.kind}`);
    }
  }

  #document({ userData, nonce, publicKey }: Extract<NsmRequest, { kind: "Attestation" }>): Uint8Array {
    const fields = defaultFields(CHAIN);
    const pcrs = new Map([...(fields["pcrs"] as Map<number, CborValue>), ...this.#pcrs]);
    const timestamp = NOW_MS + Math.floor(this.#monotonicMs());
    const all = { ...fields, timestamp, pcrs, public_key: publicKey, user_data: userData, nonce };
    const payload = encodeFields(all);
    const header = encodeCbor(new Map([[1, -35]])); // ES384
    const toBeSigned = encodeCbor(["Signature1", header, new Uint8Array(0), payload]);
    const signature = sign("sha384", toBeSigned, { key: CHAIN.leafKey, dsaEncoding: "ieee-p1363" });
    return encodeCbor([header, new Map(), payload, new Uint8Array(signature)]);
  }

  #pcr(index: number): Uint8Array {
    return this.#pcrs.get(index) ?? new Uint8Array(48);
  }
}
