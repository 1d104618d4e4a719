import type { Credentials } from "@caladrius/wire";
import { KmsError } from "./port.ts";

/**
 * What the host last handed over to sign requests with. It may be anybody's: credentials decide whether KMS answers,
 * never which key is believed. Kept in memory alone and never printed.
 */
export class HostCredentials {
  #held: Credentials | null = null;

  /** Takes the place of what was held, from the next request on. @throws KmsError kms-credentials for what cannot stand in a request */
  replace(next: Credentials): void {
    if (!ACCESS_KEY_ID.test(next.accessKeyId) || !SECRET.test(next.secretAccessKey) || !TOKEN.test(next.sessionToken))
      throw new KmsError("kms-credentials");
    this.#held = { ...next };
  }

  /** What is held, while it has not ended. @throws KmsError kms-credentials */
  current(nowMs: number): Credentials {
    if (this.#held === null || this.#held.expiresMs <= nowMs) throw new KmsError("kms-credentials");
    return this.#held;
  }
}

// They become header fields: nothing that a header or the signature's grammar gives a meaning to.
const ACCESS_KEY_ID = /^[A-Za-z0-9]{16,128}$/;
const SECRET = /^[\x21-\x7e]{1,256}$/;
const TOKEN = /^[\x21-\x7e]{0,8192}$/;
