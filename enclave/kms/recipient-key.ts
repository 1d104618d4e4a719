import { generateKeyPair, type KeyObject } from "node:crypto";
import { promisify } from "node:util";
import { kmsCommitment } from "@caladrius/wire";
import type { Clock } from "../boot/clock.ts";
import { sha384 } from "../crypto.ts";
import type { Nsm } from "../nsm/client.ts";
import { openCms } from "./open-cms.ts";

/** To whom KMS encrypts its answers: this boot of this enclave, and nobody else. */
export interface Recipient {
  /**
   * A document with the RSA key as `public_key`, at most two minutes old. It has no nonce and commits to the boot under
   * another label than an identity does, so that neither passes for the other.
   * @throws DependencyError nsm-*
   */
  document(): Promise<Uint8Array>;
  /** The 32 bytes in a CiphertextForRecipient. @throws KmsError kms-answer-refused */
  open(cms: Uint8Array): Promise<Uint8Array>;
}

/** What a recipient is made from. */
export interface RecipientOptions {
  nsm: Nsm;
  clock: Clock;
  /** 16 bytes */
  bootId: Uint8Array;
  randomBytes: (bytes: number) => Uint8Array;
}

/**
 * Starts to make an RSA-2048 key, the only size that KMS takes, in another thread: requests that come before it is there
 * wait for it. It lives as long as the boot and never leaves memory.
 */
export function startRecipient({ nsm, clock, bootId, randomBytes }: RecipientOptions): Recipient {
  const key = makeKey();
  key.catch(() => undefined); // whoever waits for it sees the failure
  let latest: { document: Promise<Uint8Array>; askedMs: number } | null = null;

  const ask = async (): Promise<Uint8Array> => {
    const { spki } = await key;
    const userData = sha384(kmsCommitment(bootId));
    const { document } = await nsm.call<"Attestation">({ kind: "Attestation", userData, nonce: null, publicKey: spki });
    return document;
  };
  return {
    document() {
      if (latest === null || clock.monotonicMs() - latest.askedMs > DOCUMENT_MS) {
        const asked = { document: ask(), askedMs: clock.monotonicMs() };
        asked.document.catch(() => {
          if (latest === asked) latest = null;
        });
        latest = asked;
      }
      return latest.document;
    },
    async open(cms) {
      return openCms(cms, await key, { plaintextBytes: DATA_KEY_BYTES, randomBytes });
    },
  };
}

async function makeKey(): Promise<{ privateKey: KeyObject; spki: Uint8Array }> {
  const { privateKey, publicKey } = await promisify(generateKeyPair)("rsa", { modulusLength: 2048, publicExponent: 65_537 });
  return { privateKey, spki: new Uint8Array(publicKey.export({ format: "der", type: "spki" })) }; // 294 bytes of NSM's 1024
}

/** KMS takes documents of five minutes. */
const DOCUMENT_MS = 2 * 60_000;
/** AES_256 */
const DATA_KEY_BYTES = 32;
