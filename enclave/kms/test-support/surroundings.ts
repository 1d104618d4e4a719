import type { NsmRequest, NsmResponse } from "@caladrius/wire";
import { Clock } from "../../boot/clock.ts";
import type { Nsm } from "../../nsm/client.ts";
import type { KmsLimits } from "../client.ts";

/** An NSM whose documents are the public key itself: what else stands in them is another test's matter. */
export class KeyNsm implements Nsm {
  readonly asked: Extract<NsmRequest, { kind: "Attestation" }>[] = [];

  async call<K extends NsmRequest["kind"]>(request: Extract<NsmRequest, { kind: K }>): Promise<Extract<NsmResponse, { kind: K }>> {
    if (request.kind !== "Attestation") throw new Error("asks for documents alone");
    const attestation = request as Extract<NsmRequest, { kind: "Attestation" }>;
    this.asked.push(attestation);
    const response: NsmResponse = { kind: "Attestation", document: attestation.publicKey ?? new Uint8Array(0) };
    return response as Extract<NsmResponse, { kind: K }>;
  }
}

/** A clock that begins at this time and can be moved. */
export function makeClock(startMs: number): { clock: Clock; move: (ms: number) => void } {
  let movedMs = 0;
  const clock = new Clock(() => process.uptime() * 1000 + movedMs);
  const nowMs = clock.monotonicMs();
  clock.anchor({ documentMs: startMs, beganMs: nowMs, endedMs: nowMs });
  return { clock, move: (ms) => void (movedMs += ms) };
}

export const QUICK: KmsLimits = { connectMs: 500, requestMs: 800, attempts: 2, pauseMs: 5 };
