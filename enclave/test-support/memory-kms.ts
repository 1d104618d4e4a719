import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import type { Credentials } from "@caladrius/wire";
import type { CredentialedKms } from "../boot/boot.ts";
import { KmsError } from "../kms/port.ts";

/** One call as it came. */
export interface KmsCall {
  operation: "generateDataKey" | "decrypt";
  keyArn: string;
  context: Readonly<Record<string, string>>;
}

/** A KMS that really encrypts: AES-256-GCM under a key for each ARN, the encryption context authenticated. */
export class MemoryKms implements CredentialedKms {
  readonly calls: KmsCall[] = [];
  /** plaintexts that it gave away, the arrays themselves: what is wiped shows here */
  readonly given: Uint8Array[] = [];
  readonly #keys = new Map<string, Uint8Array>();
  credentials: Credentials | null = null;
  /** runs before each call; may throw, or wait */
  before: (call: KmsCall) => Promise<void> | void = () => {};
  /** may put another plaintext in the place of the one decrypted */
  lie: (plaintext: Uint8Array) => Uint8Array = (plaintext) => plaintext;

  setCredentials(credentials: Credentials): void {
    this.credentials = credentials;
  }

  async generateDataKey(keyArn: string, context: Readonly<Record<string, string>>): Promise<{ plaintext: Uint8Array; blob: Uint8Array }> {
    await this.#called({ operation: "generateDataKey", keyArn, context });
    const plaintext = new Uint8Array(randomBytes(32));
    this.given.push(plaintext);
    return { plaintext, blob: this.encrypt(keyArn, plaintext, context) };
  }

  async decrypt(keyArn: string, blob: Uint8Array, context: Readonly<Record<string, string>>): Promise<Uint8Array> {
    await this.#called({ operation: "decrypt", keyArn, context });
    const plaintext = this.lie(this.#open(keyArn, blob, context));
    this.given.push(plaintext);
    return plaintext;
  }

  /** kms:Encrypt, for whoever may use the key: any plaintext, any context. */
  encrypt(keyArn: string, plaintext: Uint8Array, context: Readonly<Record<string, string>>): Uint8Array {
    const nonce = randomBytes(12);
    const cipher = createCipheriv("aes-256-gcm", this.#key(keyArn), nonce);
    cipher.setAAD(contextBytes(context));
    return new Uint8Array(Buffer.concat([nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]));
  }

  #open(keyArn: string, blob: Uint8Array, context: Readonly<Record<string, string>>): Uint8Array {
    try {
      const decipher = createDecipheriv("aes-256-gcm", this.#key(keyArn), blob.subarray(0, 12), { authTagLength: 16 });
      decipher.setAAD(contextBytes(context));
      decipher.setAuthTag(blob.subarray(-16));
      return new Uint8Array(Buffer.concat([decipher.update(blob.subarray(12, -16)), decipher.final()]));
    } catch {
      throw new KmsError("kms-blob");
    }
  }

  async #called(call: KmsCall): Promise<void> {
    this.calls.push(call);
    await this.before(call);
  }

  #key(keyArn: string): Uint8Array {
    const key = this.#keys.get(keyArn) ?? new Uint8Array(randomBytes(32));
    this.#keys.set(keyArn, key);
    return key;
  }
}

function contextBytes(context: Readonly<Record<string, string>>): Buffer {
  return Buffer.from(JSON.stringify(Object.entries(context).toSorted(([a], [b]) => (a < b ? -1 : 1))));
}
