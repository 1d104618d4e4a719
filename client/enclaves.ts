import { randomBytes } from "node:crypto";
import type { SignatureBackend, TrustSettings } from "@caladrius/attestation-verifier";
import type { SuiteId } from "@caladrius/wire";
import type { HostClient } from "./host/client.ts";
import { verifySealingTarget, type SealingTarget } from "./trust.ts";

export interface EnclavesOptions {
  readonly host: HostClient;
  readonly trust: TrustSettings;
  readonly signatures: SignatureBackend;
  /** Unix ms */
  readonly now: () => number;
  readonly suites?: readonly SuiteId[];
  /** default: as the trust file says */
  readonly keys?: "boot" | "fleet";
}

/** The enclave behind a host, verified: asked for evidence with a fresh nonce at first use, when it ages, and on demand. */
export class Enclaves {
  readonly #options: EnclavesOptions;
  #latest: { target: Promise<SealingTarget>; atMs: number } | null = null;

  constructor(options: EnclavesOptions) {
    this.#options = options;
  }

  /** A verified target, at most 10 minutes old. @throws as verifySealingTarget, and as HostClient.attestation */
  target(): Promise<SealingTarget> {
    const latest = this.#latest;
    if (latest !== null && Math.abs(this.#options.now() - latest.atMs) <= MAX_AGE_MS) return latest.target;
    return this.#verify();
  }

  /** Verifies anew, unless that has happened since `stale` was given out: many jobs learn of a restart at once. */
  async renew(stale: SealingTarget): Promise<SealingTarget> {
    const latest = this.#latest;
    if (latest !== null && (await latest.target.catch(() => stale)) !== stale) return this.target();
    // Another job may have begun to verify while this one waited.
    return this.#latest === latest ? this.#verify() : this.target();
  }

  #verify(): Promise<SealingTarget> {
    const target = this.#fetch();
    const latest = { target, atMs: this.#options.now() };
    this.#latest = latest;
    target.catch(() => {
      if (this.#latest === latest) this.#latest = null; // the next one asks again
    });
    return target;
  }

  async #fetch(): Promise<SealingTarget> {
    const { host, trust, signatures, now, suites, keys = trust.fleet ? "fleet" : "boot" } = this.#options;
    const nonce = new Uint8Array(randomBytes(NONCE_BYTES));
    const attestation = await host.attestation(nonce, keys);
    return verifySealingTarget(attestation, { trust, nonce, nowMs: now(), signatures, keys, ...(suites === undefined ? {} : { suites }) });
  }
}

const NONCE_BYTES = 32;
const MAX_AGE_MS = 600_000;
