import {
  decodeAttestRequest,
  decodeBootMessage,
  decodeCredentials,
  decodeFleetBirth,
  DependencyError,
  encodeAttestReply,
  encodeBootReply,
  encodeFleetBirthReply,
  encodeFleetServeReply,
  encodeJobReply,
  encodeStatusListReply,
  InvariantError,
  LimitError,
  MESSAGE,
  WireError,
  type Message,
  type StatusListReply,
} from "@caladrius/wire";
import type { Cedar } from "@caladrius/policies/cedar";
import { answerDataKeyJob, answerSealedJob, type Answer } from "../attest/answer.ts";
import {
  attestWithNonce,
  bootEnclave,
  ensureEvidence,
  type CreateKms,
  type CurrentIdentity,
  type Enclave,
  type Software,
} from "../boot/boot.ts";
import { takeStatusList } from "../boot/status.ts";
import { bearFleet } from "../fleet/birth.ts";
import { serveFleet } from "../fleet/serve.ts";
import { KmsError } from "../kms/port.ts";
import type { Nsm } from "../nsm/client.ts";
import { isDataKeyJob } from "../open/open-kms-job.ts";
import { Refused } from "../refused.ts";
import type { Reply } from "./serve.ts";

/** How the program ends itself: a word for the console, an exit code. */
export type Fatal = (word: "boot-refused" | "invariant-broken") => void;

/** What a responder is made from. */
export interface ResponderOptions {
  nsm: Nsm;
  software: Software;
  monotonicMs: () => number;
  cedar: Cedar;
  fatal: Fatal;
  onBooted: (enclave: Enclave) => void;
  /** null or missing: a constitution that names KMS is served without it */
  createKms?: CreateKms | null;
}

/** Whether the answer to a message may have to wait for KMS: others need not wait behind it. */
export function waitsForKms({ kind, body }: Message): boolean {
  return kind === MESSAGE.fleetBirth || kind === MESSAGE.fleetServe || (kind === MESSAGE.job && isDataKeyJob(body));
}

/**
 * The enclave as the host sees it: not booted, booting or booted. Before boot everything but boot is refused, a second
 * boot always, and what cannot be verified ends the program.
 */
export class Responder {
  readonly #nsm: Nsm;
  readonly #software: Software;
  readonly #monotonicMs: () => number;
  readonly #cedar: Cedar;
  readonly #fatal: Fatal;
  readonly #onBooted: (enclave: Enclave) => void;
  readonly #createKms: CreateKms | null;
  #booting = false;
  #enclave: Enclave | null = null;

  constructor(options: ResponderOptions) {
    this.#nsm = options.nsm;
    this.#software = options.software;
    this.#monotonicMs = options.monotonicMs;
    this.#cedar = options.cedar;
    this.#fatal = options.fatal;
    this.#onBooted = options.onBooted;
    this.#createKms = options.createKms ?? null;
  }

  async respond(message: Message): Promise<Reply> {
    try {
      if (message.kind === MESSAGE.boot) return await this.#boot(message.body);
      if (this.#enclave === null) return { error: "not-booted" };
      return await this.#booted(this.#enclave, message);
    } catch (error) {
      return this.#refusal(error);
    }
  }

  async #boot(body: Uint8Array): Promise<Reply> {
    if (this.#booting || this.#enclave !== null) return { error: "already-booted" };
    const message = decodeBootMessage(body);
    this.#booting = true;
    try {
      const enclave = await bootEnclave(this.#nsm, message, this.#software, this.#monotonicMs, this.#cedar, this.#createKms);
      this.#enclave = enclave;
      this.#onBooted(enclave);
      return { body: encodeBootReply({ state: "booted", bootNonce: enclave.bootNonce }) };
    } catch {
      this.#fatal("boot-refused");
      return { error: "boot-refused" };
    }
  }

  async #booted(enclave: Enclave, message: Message): Promise<Reply> {
    switch (message.kind) {
      case MESSAGE.job: {
        const answer = await this.#answer(enclave, message.body);
        return answer.kind === "reply" ? { body: encodeJobReply(answer.reply) } : { error: answer.reason };
      }
      case MESSAGE.attest: {
        const { nonce, keys } = decodeAttestRequest(message.body);
        const identity = keys === "boot" ? enclave.identity : fleetIdentity(enclave);
        const evidence = await attestWithNonce(enclave, nonce, identity);
        return { body: encodeAttestReply({ evidence, identity: identity.bytes, sequence: identity.sequence }) };
      }
      case MESSAGE.fleetBirth:
        return { body: encodeFleetBirthReply(await bearFleet(enclave, decodeFleetBirth(message.body))) };
      case MESSAGE.fleetServe:
        return { body: encodeFleetServeReply(await serveFleet(enclave, message.body)) };
      case MESSAGE.statusList:
        try {
          await takeStatusList(enclave, message.body);
        } catch {
          return { error: "status-list-refused" };
        }
        return { body: encodeStatusListReply(statusListReply(enclave)) };
      case MESSAGE.credentials: {
        const credentials = decodeCredentials(message.body);
        if (enclave.kms === null) return { error: "no-kms" };
        enclave.kms.setCredentials(credentials);
        return { body: new Uint8Array(0) };
      }
      default:
        return { error: "unknown-message" };
    }
  }

  async #answer(enclave: Enclave, sealed: Uint8Array): Promise<Answer> {
    if (isDataKeyJob(sealed)) return answerDataKeyJob(enclave, sealed);
    await ensureEvidence(enclave);
    return answerSealedJob(enclave, sealed);
  }

  /** Only codes leave: no text of an error, which may have been made from opened content. */
  #refusal(error: unknown): Reply {
    if (error instanceof WireError || error instanceof LimitError) return { error: "malformed-message" };
    if (error instanceof Refused) return { error: error.code };
    if (error instanceof KmsError) return { error: error.code === "kms-blob" ? "kms-answer-refused" : error.code };
    if (error instanceof DependencyError) return { error: error.code === "time-unknown" ? "time-unknown" : "dependency-failed" };
    if (error instanceof InvariantError) this.#fatal("invariant-broken");
    return { error: "internal" };
  }
}

/** The list that is in force, and what a list has to repeat to be fresh: a host that was restarted asks anew. */
function statusListReply({ status, bootNonce }: Enclave): StatusListReply {
  return { number: status.list.number, fresh: status.fresh, bootNonce };
}

/** The identity with a fleet's newest keys. */
function fleetIdentity(enclave: Enclave): CurrentIdentity {
  const [newest] = enclave.epochs.live(enclave.clock.now());
  if (newest === undefined) throw new Refused("no-fleet");
  return newest.identity;
}
