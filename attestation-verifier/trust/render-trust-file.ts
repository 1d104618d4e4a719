import { toHex } from "@caladrius/wire";
import type { PcrSet } from "../appraise/pcr-set.ts";
import type { TrustAnchor } from "../evidence/anchor.ts";
import { AWS_NITRO_ROOT_G1 } from "../evidence/aws-root-g1.ts";
import { encodePemCertificate } from "./pem.ts";
import { AWS_ROOT_NAME, type TrustSettings } from "./trust-file.ts";

/** Writes trust settings as JSON text that `parseTrustFile` reads back to the same, if it takes them; defaults are left out. */
export function renderTrustFile(trust: TrustSettings): string {
  const file: Record<string, unknown> = {
    roots: trust.anchors.map(renderRoot),
    pcrs: trust.pcrSets.map(renderPcrSet),
    allowDebug: trust.allowDebug,
    allowSimulator: trust.allowSimulator,
  };
  if (trust.maxAgeMs !== null) file["maxAgeSeconds"] = trust.maxAgeMs / 1000;
  if (trust.regions !== null) file["regions"] = trust.regions;
  if (trust.timeAuthorities.length > 0)
    file["timeAuthorities"] = trust.timeAuthorities.map(({ certificate }) => encodePemCertificate(certificate.der));
  if (trust.fleet) file["fleet"] = true;
  return `${JSON.stringify(file, null, 2)}\n`;
}

function renderRoot(anchor: TrustAnchor): string {
  return anchor.sha256 === AWS_NITRO_ROOT_G1.sha256 ? AWS_ROOT_NAME : encodePemCertificate(anchor.certificate.der);
}

function renderPcrSet(set: PcrSet): Record<string, string> {
  return Object.fromEntries([...set].toSorted(([a], [b]) => a - b).map(([index, value]) => [String(index), toHex(value)]));
}
