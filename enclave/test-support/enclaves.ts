import {
  decodeAttestReply,
  decodeFleetBirthReply,
  decodeFleetServeReply,
  decodeJobReply,
  encodeAttestRequest,
  encodeBootMessage,
  encodeFleetBirth,
  MESSAGE,
  type AttestReply,
  type FleetBirthReply,
  type FleetServeReply,
  type JobReply,
} from "@caladrius/wire";
import type { Enclave } from "../boot/boot.ts";
import { Responder } from "../intake/respond.ts";
import type { Reply } from "../intake/serve.ts";
import { testCedar } from "./cedar.ts";
import type { TestDeployment } from "./deployment.ts";
import { FakeNsm } from "./fake-nsm.ts";
import { MemoryKms } from "./memory-kms.ts";

/** An enclave as the host meets it, and its inside for those who look. */
export interface TestEnclave {
  nsm: FakeNsm;
  inside: Enclave;
  ended: string[];
  send(kind: number, body: Uint8Array): Promise<Reply>;
  /** each gives the answer, or throws the name of the error */
  birth(fleet: string, epoch: number): Promise<FleetBirthReply>;
  serve(epoch: Uint8Array): Promise<FleetServeReply>;
  attest(keys: "boot" | "fleet"): Promise<AttestReply>;
  answer(sealed: Uint8Array): Promise<JobReply>;
}

/** One KMS, one time, any number of enclaves. */
export class World {
  readonly kms: MemoryKms = new MemoryKms();
  /** milliseconds since NOW_MS, for everybody */
  elapsedMs = 0;

  async boot(deployment: TestDeployment, { kms = true }: { kms?: boolean } = {}): Promise<TestEnclave> {
    const now = (): number => this.elapsedMs;
    const nsm = new FakeNsm(now);
    const ended: string[] = [];
    let inside: Enclave | undefined;
    const responder = new Responder({
      nsm,
      software: { name: "caladrius-enclave", version: "0.0.0", commit: null },
      monotonicMs: now,
      cedar: testCedar(),
      fatal: (word) => ended.push(word),
      onBooted: (enclave) => (inside = enclave),
      createKms: kms ? () => this.kms : null,
    });
    let id = 0;
    const send: TestEnclave["send"] = (kind, body) => responder.respond({ kind, id: id++, body });
    const ask = async (kind: number, body: Uint8Array): Promise<Uint8Array> => {
      const reply = await send(kind, body);
      if ("error" in reply) throw new Error(reply.error);
      return reply.body;
    };
    await ask(MESSAGE.boot, encodeBootMessage(deployment.boot));
    if (inside === undefined) throw new Error("did not boot");
    return {
      nsm,
      inside,
      ended,
      send,
      birth: async (fleet, epoch) => decodeFleetBirthReply(await ask(MESSAGE.fleetBirth, encodeFleetBirth({ fleet, epoch }))),
      serve: async (epoch) => decodeFleetServeReply(await ask(MESSAGE.fleetServe, epoch)),
      attest: async (keys) => decodeAttestReply(await ask(MESSAGE.attest, encodeAttestRequest({ nonce: null, keys }))),
      answer: async (sealed) => decodeJobReply(await ask(MESSAGE.job, sealed)),
    };
  }
}
