import { isIPv4 } from "node:net";
import { join } from "node:path";
import type { TrustAnchor } from "@caladrius/attestation-verifier";
import { ConfigurationError } from "@caladrius/wire";
import type { Clock } from "../pki/index.ts";
import { AuditLog } from "./audit-log.ts";
import { Principals, type Principal } from "./principals.ts";
import { listen, type Intercept } from "./protocol/server.ts";
import { KmsService } from "./protocol/service.ts";
import { openStore } from "./store/store.ts";
import { openServerIdentity } from "./tls/authority.ts";

/** What a simulated KMS is started with. */
export interface SimulatedKmsOptions {
  /** holds keys, master key file, certificate authority and audit log; made where there is none (0700) */
  readonly dataDir: string;
  /** who may call; see `openPrincipals` and `newPrincipal`. Each principal's keys are those of its own account. */
  readonly principals: readonly Principal[];
  /** the service's time: signatures, expiry, rotation, deletion, age of attestation documents. Certificates follow the system's. */
  readonly clock: Clock;
  /** roots of attestation documents (`parseTrustAnchor`, AWS_NITRO_ROOT_G1); without one no document verifies */
  readonly attestationRoots: readonly TrustAnchor[];
  /** default eu-central-1 */
  readonly region?: string;
  /** IPv4 address; default 127.0.0.1 */
  readonly listen?: string;
  /** default 0: a free one */
  readonly port?: number;
  /** oldest attestation document accepted; default five minutes */
  readonly maxDocumentAgeMs?: number;
  /** false refuses documents of simulated enclaves whatever the roots; default true */
  readonly allowSimulator?: boolean;
  /** for tests of clients: changes, delays or drops answers */
  readonly intercept?: Intercept;
  /** told of failures inside, of which callers learn nothing; default: they go unseen */
  readonly onFailure?: (error: unknown) => void;
}

/** A simulated KMS that answers. */
export interface SimulatedKms {
  /** https://localhost:PORT; the certificate is also for kms.<region>.amazonaws.com and the address */
  readonly url: string;
  readonly port: number;
  readonly region: string;
  /** the certificate authority that clients must trust, as PEM, as DER and as a file */
  readonly caPem: string;
  readonly caCertificate: Uint8Array;
  readonly caPath: string;
  /** one CloudTrail record a line */
  readonly auditPath: string;
  /** callers may be added and removed while it runs */
  readonly principals: Principals;
  /** Answers what is at work, then ends and unlocks the folder. */
  close(): Promise<void>;
}

/**
 * Starts a KMS that speaks AWS's protocol over HTTPS, verifies signatures, evaluates key policies and verifies attestation
 * documents. It is a simulator: its master key lies in a file beside the keys.
 * @throws ConfigurationError kms-region, kms-listen, kms-locked, kms-data, kms-version, kms-master-key, kms-file-mode, kms-principals,
 *   kms-certificate-authority
 */
export async function startKms(options: SimulatedKmsOptions): Promise<SimulatedKms> {
  const { dataDir, clock, region = "eu-central-1", listen: address = "127.0.0.1", port = 0 } = options;
  if (!/^[a-z]{2}(?:-[a-z]+)+-\d{1,2}$/.test(region))
    throw new ConfigurationError("kms-region", `${JSON.stringify(region)} is no region such as eu-central-1`);
  if (!isIPv4(address)) throw new ConfigurationError("kms-listen", `${JSON.stringify(address)} is no IPv4 address`);
  const principals = new Principals(options.principals);
  const store = await openStore(dataDir);
  try {
    const audit = new AuditLog(join(dataDir, "audit.jsonl"));
    try {
      const names = [...new Set([`kms.${region}.amazonaws.com`, "localhost", "127.0.0.1", address])];
      const identity = await openServerIdentity(dataDir, names, Date.now());
      const service = new KmsService({
        store,
        audit,
        principals,
        region,
        clock,
        roots: options.attestationRoots,
        maxAgeMs: options.maxDocumentAgeMs,
        allowSimulator: options.allowSimulator ?? true,
        onFailure: options.onFailure ?? (() => undefined),
      });
      const listening = await listen(service, identity, {
        listen: address,
        port,
        nowMs: () => clock.nowMs(),
        intercept: options.intercept ?? null,
      });
      return {
        url: `https://${address === "127.0.0.1" ? "localhost" : address}:${listening.port}`,
        port: listening.port,
        region,
        caPem: identity.caPem,
        caCertificate: identity.caCertificate,
        caPath: identity.caPath,
        auditPath: audit.path,
        principals,
        async close() {
          await listening.close();
          audit.close();
          store.close();
        },
      };
    } catch (error) {
      audit.close();
      throw error;
    }
  } catch (error) {
    store.close();
    throw error;
  }
}
