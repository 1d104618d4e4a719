import { generateKeyPairSync, randomBytes, sign } from "node:crypto";
import { ConfigurationError } from "@caladrius/wire";
import { covers, INTERMEDIATE, issueIntermediate, type Authority } from "./authority.ts";
import { extension, signCertificate } from "./certificate.ts";
import { instanceName, leafName, regionalName, zonalName } from "./names.ts";
import { openRoot, toPem } from "./root.ts";

export { ROOT_CERTIFICATE_FILE, ROOT_KEY_FILE } from "./root.ts";

/** Where the simulator reads time: Unix milliseconds. */
export interface Clock {
  nowMs(): number;
}

/** An attestation key with its chain. */
export interface IssuedLeaf {
  /** DER. */
  readonly certificate: Uint8Array;
  /** DER, root first: root, regional, zonal, instance. */
  readonly cabundle: readonly Uint8Array[];
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** ECDSA P-384 with SHA-384 over the bytes: r || s, 96 bytes; s may be high, as AWS's. */
  readonly sign: (toBeSigned: Uint8Array) => Uint8Array;
}

/** A certificate hierarchy in the shape of AWS's, under a root of its own that says SIMULATED. */
export interface SimulatedPki {
  /** The root as PEM: what a verifier must be given before it accepts anything of this simulator. */
  readonly rootPem: string;
  /** DER. */
  readonly rootCertificate: Uint8Array;
  readonly region: string;
  /**
   * Issues a fresh attestation key for a module, valid from 3 s ago for 3 h + 3 s. Intermediates are kept in memory and
   * reissued when they would end before what they sign.
   *
   * @throws ConfigurationError pki-module-id, pki-clock, pki-root-expired
   */
  issueLeaf(moduleId: string): IssuedLeaf;
}

/**
 * Opens the PKI of a data directory. The root's key and certificate persist there (0600); its certificate alone lies
 * beside it as `simulated-root.pem`.
 *
 * @param options.region stands in every name below the root; default `sim-local-1`
 * @throws ConfigurationError pki-directory, pki-root-mode, pki-root-file, pki-region, pki-clock
 */
export async function openSimulatedPki(dir: string, clock: Clock, options: { region?: string } = {}): Promise<SimulatedPki> {
  const region = options.region ?? "sim-local-1";
  // 20 characters keep the zonal common name within the 64 of RFC 5280 appendix A.1.
  if (!/^[a-z][a-z0-9-]{0,19}$/.test(region)) throw new ConfigurationError("pki-region", "expected 1 to 20 of a-z, 0-9 and -");
  const root = await openRoot(dir, readClock(clock));
  let regional: Authority | null = null;
  let zonal: Authority | null = null;
  const instances = new Map<string, Authority>();

  const regionalAuthority = (nowMs: number): Authority => {
    if (regional !== null && covers(regional, nowMs, nowMs + INTERMEDIATE.zonal.lifetimeMs)) return regional;
    if (!covers(root, nowMs, nowMs + INTERMEDIATE.regional.lifetimeMs)) {
      throw new ConfigurationError("pki-root-expired", "the simulated root does not cover this time; remove it to get a new one");
    }
    const uri = `http://crl.simulated.invalid/crl/${asUuid(root.keyId)}.crl`;
    regional = issueIntermediate("regional", root, regionalName(randomHex(8), region), nowMs, uri);
    return regional;
  };
  const zonalAuthority = (nowMs: number): Authority => {
    if (zonal !== null && covers(zonal, nowMs, nowMs + INTERMEDIATE.instance.lifetimeMs)) return zonal;
    const issuer = regionalAuthority(nowMs);
    const uri = `http://crl-${region}.simulated.invalid/crl/${asUuid(issuer.keyId)}.crl`;
    zonal = issueIntermediate("zonal", issuer, zonalName(randomHex(8), region), nowMs, uri);
    return zonal;
  };
  const instanceAuthority = (instanceId: string, nowMs: number): Authority => {
    const cached = instances.get(instanceId);
    if (cached !== undefined && covers(cached, nowMs, nowMs + LEAF_LIFETIME_MS)) return cached;
    const fresh = issueIntermediate("instance", zonalAuthority(nowMs), instanceName(instanceId, region), nowMs, null);
    instances.set(instanceId, fresh);
    return fresh;
  };

  return {
    rootPem: toPem(root.certificate),
    rootCertificate: root.certificate,
    region,
    issueLeaf(moduleId) {
      const [, instanceId, enclaveId] = MODULE_ID.exec(moduleId) ?? [];
      if (instanceId === undefined || enclaveId === undefined)
        throw new ConfigurationError("pki-module-id", "expected i-<17 hex>-enc<16 hex>");
      const nowMs = readClock(clock);
      const issuer = instanceAuthority(instanceId, nowMs);
      const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-384" });
      const issuedSeconds = Math.floor(nowMs / 1000);
      const notBeforeMs = (issuedSeconds - 3) * 1000;
      const notAfterMs = issuedSeconds * 1000 + LEAF_LIFETIME_MS;
      // Enclave id, four zero bytes, the second of issue: the form of AWS's serial numbers.
      const serial = Buffer.from(`${enclaveId}00000000${issuedSeconds.toString(16).padStart(8, "0")}`, "hex");
      const extensions = [extension.basicConstraints(false, null), extension.keyUsage("leaf")];
      const certificate = signCertificate(
        { serial, issuer: issuer.name, subject: leafName(moduleId, region), notBeforeMs, notAfterMs, publicKey, extensions },
        issuer.key,
      );
      return {
        certificate,
        cabundle: path(issuer),
        notBeforeMs,
        notAfterMs,
        sign: (toBeSigned) => new Uint8Array(sign("sha384", toBeSigned, { key: privateKey, dsaEncoding: "ieee-p1363" })),
      };
    },
  };
}

function path(last: Authority): Uint8Array[] {
  const certificates: Uint8Array[] = [];
  for (let at: Authority | null = last; at !== null; at = at.issuer) certificates.unshift(at.certificate);
  return certificates;
}

function readClock(clock: Clock): number {
  const nowMs = clock.nowMs();
  if (!(nowMs >= Date.UTC(2000, 0, 1) && nowMs < Date.UTC(2049, 11, 1)))
    throw new ConfigurationError("pki-clock", `${nowMs} ms is outside 2000 to 2049`);
  return nowMs;
}

function randomHex(bytes: number): string {
  return randomBytes(bytes).toString("hex");
}

// AWS names a CRL by a UUID that stays the same for one issuer.
function asUuid(keyId: Uint8Array): string {
  const hex = Buffer.from(keyId).toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join("-");
}

const LEAF_LIFETIME_MS = 3 * 3_600_000;
const MODULE_ID = /^(i-[0-9a-f]{17})-enc([0-9a-f]{16})$/;
