import { randomBytes } from "node:crypto";
import type { CreateKms, Enclave } from "@caladrius/enclave/boot";
import { Responder } from "@caladrius/enclave/intake";
import { testCedar } from "@caladrius/enclave/test-support/cedar.ts";
import type { Reply } from "@caladrius/enclave/intake/serve";
import type { TestDeployment } from "@caladrius/enclave/test-support/deployment.ts";
import {
  bootPcrs,
  createNsm,
  instanceIdOf,
  makeModuleId,
  type BootMeasurements,
  type KmsPrincipal,
  type SimulatedPki,
} from "@caladrius/nitro-sim";
import {
  decodeAttestReply,
  decodeFleetBirthReply,
  decodeFleetServeReply,
  decodeJobReply,
  decodeNsmResponse,
  decodeOuterStatus,
  decodeStatement,
  encodeAttestRequest,
  encodeBootMessage,
  encodeCredentials,
  encodeFleetBirth,
  encodeNsmRequest,
  MESSAGE,
  type AttestReply,
  type Credentials,
  type FleetBirthReply,
  type FleetServeReply,
  type NsmRequest,
  type NsmResponse,
} from "@caladrius/wire";

/** The program's part between its sockets, over a simulated NSM whose documents KMS verifies in full. */
export interface AttackedEnclave {
  inside: Enclave;
  /** every reply that the parent got */
  replies: Reply[];
  ended: string[];
  send(kind: number, body: Uint8Array): Promise<Reply>;
  /** each gives the answer, or throws the name of the error */
  birth(fleet?: string, epoch?: number): Promise<FleetBirthReply>;
  serve(epoch: Uint8Array): Promise<FleetServeReply>;
  attest(keys: "boot" | "fleet"): Promise<AttestReply>;
  /** "opened", or the state that the enclave's statement gives: cannot-open */
  answer(sealed: Uint8Array): Promise<string>;
  credentials(of: KmsPrincipal, change?: Partial<Credentials>): Promise<Uint8Array>;
}

/** How an enclave may differ from the honest one. */
export interface BootChange {
  deployment?: TestDeployment;
  image?: BootMeasurements;
  debug?: boolean;
}

/** What an image measures; the values are no image's. */
export const IMAGE: BootMeasurements = { pcr0: pcr(1), pcr1: pcr(2), pcr2: pcr(3), pcr8: null };

/** Boots one. */
export async function bootAt(
  around: { pki: SimulatedPki; time: { nowMs(): number }; deployment: TestDeployment },
  makeKms: CreateKms,
  { deployment = around.deployment, image = IMAGE, debug = false }: BootChange,
): Promise<AttackedEnclave> {
  const ended: string[] = [];
  const replies: Reply[] = [];
  const begun = around.time.nowMs();
  let inside: Enclave | undefined;
  const responder = new Responder({
    nsm: simulatedNsm(around.pki, around.time, image, debug),
    software: { name: "caladrius-enclave", version: "0.0.0", commit: null },
    monotonicMs: () => around.time.nowMs() - begun,
    cedar: testCedar(),
    fatal: (word) => ended.push(word),
    onBooted: (enclave) => (inside = enclave),
    createKms: makeKms,
  });
  let id = 0;
  const send: AttackedEnclave["send"] = async (kind, body) => {
    const reply = await responder.respond({ kind, id: id++, body });
    replies.push(reply);
    return reply;
  };
  const ask = async (kind: number, body: Uint8Array): Promise<Uint8Array> => {
    const reply = await send(kind, body);
    if ("error" in reply) throw new Error(reply.error);
    return reply.body;
  };
  await ask(MESSAGE.boot, encodeBootMessage(deployment.boot));
  if (inside === undefined) throw new Error("did not boot");
  return {
    inside,
    replies,
    ended,
    send,
    birth: async (fleet = "ward", epoch = 1) => decodeFleetBirthReply(await ask(MESSAGE.fleetBirth, encodeFleetBirth({ fleet, epoch }))),
    serve: async (epoch) => decodeFleetServeReply(await ask(MESSAGE.fleetServe, epoch)),
    attest: async (keys) => decodeAttestReply(await ask(MESSAGE.attest, encodeAttestRequest({ nonce: null, keys }))),
    async answer(sealed) {
      const { status, replies: to } = decodeJobReply(await ask(MESSAGE.job, sealed));
      const { state } = decodeOuterStatus(decodeStatement(status, "status").payload);
      return to.length === 0 ? state : "opened";
    },
    credentials: ({ credentials: { accessKeyId, secretAccessKey, session } }, change = {}) =>
      ask(
        MESSAGE.credentials,
        encodeCredentials({
          accessKeyId,
          secretAccessKey,
          sessionToken: session?.token ?? "",
          expiresMs: session?.expiresMs ?? 2 ** 50,
          ...change,
        }),
      ),
  };
}

function simulatedNsm(pki: SimulatedPki, clock: { nowMs(): number }, image: BootMeasurements, debug: boolean): Enclave["nsm"] {
  const random = (length: number): Uint8Array => randomBytes(length);
  const moduleId = makeModuleId(clock, random);
  const nsm = createNsm({ pki, moduleId, pcrs: bootPcrs(image, instanceIdOf(moduleId), null), clock, randomBytes: random, debug });
  return {
    async call<K extends NsmRequest["kind"]>(request: Extract<NsmRequest, { kind: K }>) {
      const response = decodeNsmResponse(await nsm.request(encodeNsmRequest(request)));
      if (response.kind !== request.kind) throw new Error(`NSM: ${response.kind}`);
      return response as Extract<NsmResponse, { kind: K }>;
    },
  };
}

function pcr(fill: number): Uint8Array {
  return new Uint8Array(48).fill(fill);
}
