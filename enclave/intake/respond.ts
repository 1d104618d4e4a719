import {
  decodeAttestRequest,
  decodeBootMessage,
  decodeCredentials,
  DependencyError,
  encodeAttestReply,
  encodeBootReply,
  encodeJobReply,
  InvariantError,
  LimitError,
  MESSAGE,
  WireError,
  type Message,
} from "@caladrius/wire";
import { answerJob } from "../attest/answer.ts";
import { attestWithNonce, bootEnclave, ensureEvidence, type Enclave, type Software } from "../boot/boot.ts";
import { checkStatusList } from "../boot/deployment.ts";
import type { Nsm } from "../nsm/client.ts";
import type { Reply } from "./serve.ts";

/** How the program ends itself: a word for the console, an exit code. */
export type Fatal = (word: "boot-refused" | "invariant-broken") => void;

/**
 * The enclave as the host sees it: not booted, booting or booted. Before boot everything but boot is refused, a second
 * boot always, and what cannot be verified ends the program.
 */
export class Responder {
  readonly #nsm: Nsm;
  readonly #software: Software;
  readonly #monotonicMs: () => number;
  readonly #fatal: Fatal;
  readonly #onBooted: (enclave: Enclave) => void;
  #booting = false;
  #enclave: Enclave | null = null;

  constructor(options: { nsm: Nsm; software: Software; monotonicMs: () => number; fatal: Fatal; onBooted: (enclave: Enclave) => void }) {
    this.#nsm = options.nsm;
    this.#software = options.software;
    this.#monotonicMs = options.monotonicMs;
    this.#fatal = options.fatal;
    this.#onBooted = options.onBooted;
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
      const enclave = await bootEnclave(this.#nsm, message, this.#software, this.#monotonicMs);
      this.#enclave = enclave;
      this.#onBooted(enclave);
      return { body: encodeBootReply({ state: "booted" }) };
    } catch {
      this.#fatal("boot-refused");
      return { error: "boot-refused" };
    }
  }

  async #booted(enclave: Enclave, message: Message): Promise<Reply> {
    switch (message.kind) {
      case MESSAGE.job: {
        await ensureEvidence(enclave);
        const answer = answerJob(enclave, message.body);
        return answer.kind === "reply" ? { body: encodeJobReply(answer.reply) } : { error: answer.reason };
      }
      case MESSAGE.attest: {
        const { nonce } = decodeAttestRequest(message.body);
        const { bytes, sequence } = enclave.identity;
        const evidence = await attestWithNonce(enclave, nonce);
        return { body: encodeAttestReply({ evidence, identity: bytes, sequence }) };
      }
      case MESSAGE.statusList:
        try {
          enclave.statusList = checkStatusList(message.body, enclave);
        } catch {
          return { error: "status-list-refused" };
        }
        return { body: new Uint8Array(0) };
      case MESSAGE.credentials:
        decodeCredentials(message.body);
        return { error: "no-kms" }; // single-host mode: the constitution's KMS keys are not served by this version
      default:
        return { error: "unknown-message" };
    }
  }

  /** Only codes leave: no text of an error, which may have been made from opened content. */
  #refusal(error: unknown): Reply {
    if (error instanceof WireError || error instanceof LimitError) return { error: "malformed-message" };
    if (error instanceof DependencyError) return { error: error.code === "time-unknown" ? "time-unknown" : "dependency-failed" };
    if (error instanceof InvariantError) this.#fatal("invariant-broken");
    return { error: "internal" };
  }
}
