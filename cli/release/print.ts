import type { ApprovedBy, MissingRole, Quorum, ReleaseClaims } from "@caladrius/attestation-verifier/governance";
import { toHex, type Release } from "@caladrius/wire";
import { formatTime } from "../findings.ts";
import { styled, type Terminal } from "../print.ts";

/** What a release states, for people. */
export function printRelease(release: Release, digest: Uint8Array, terminal: Terminal): void {
  const { name, softwareVersion, sourceCommit, imageDigest, sbomDigest, pcrs, notes } = release;
  terminal.table([
    ["release", `${name} ${softwareVersion}`],
    ["digest", toHex(digest)],
    ["commit", sourceCommit],
    ["image", toHex(imageDigest)],
    ["SBOM", sbomDigest === null ? "none" : toHex(sbomDigest)],
    ...pcrs.flatMap(({ pcr0, pcr1, pcr2 }, i) => [
      [pcrs.length > 1 ? `set ${i + 1}` : "PCR0", ...(pcrs.length > 1 ? [`PCR0 ${toHex(pcr0)}`] : [toHex(pcr0)])],
      [pcrs.length > 1 ? "" : "PCR1", `${pcrs.length > 1 ? "PCR1 " : ""}${toHex(pcr1)}`],
      [pcrs.length > 1 ? "" : "PCR2", `${pcrs.length > 1 ? "PCR2 " : ""}${toHex(pcr2)}`],
    ]),
  ]);
  for (const line of notes.split("\n")) if (line.trim() !== "") terminal.line(`          ${line}`);
}

/** Who approved, and who is missing. */
export function printQuorum({ ok, approvedBy, missing }: Quorum, terminal: Terminal): void {
  for (const one of approvedBy) terminal.line(`approved  ${approvalWords(one)}`);
  if (ok) terminal.line([styled("green", "complete"), "  the constitution's quorum for releases stands"]);
  else terminal.line([styled("yellow", "missing "), `  ${missingWords(missing)}`]);
}

/** Which release a result's code is of, and who approved it; nothing where no approval was counted. */
export function releaseLines(claims: ReleaseClaims | null): string[] {
  if (claims === null) return [];
  const { release, digest, approvedBy, from } = claims;
  const sbom = release.sbomDigest === null ? "no SBOM" : `SBOM ${toHex(release.sbomDigest)}`;
  return [
    `release   ${release.name} ${release.softwareVersion}, ${toHex(digest).slice(0, 16)}…, commit ${release.sourceCommit}, ${sbom} (from the ${from})`,
    ...approvedBy.map((one) => `approved  ${approvalWords(one)}`),
  ];
}

/** One approval in words. */
export function approvalWords({ person, role, at, by }: ApprovedBy): string {
  return `${person}, ${role}, ${formatTime(at * 1000)} by their own clock, ${by === "passkey" ? "with a passkey" : "with a key file"}`;
}

/** What is still missing, in words. */
export function missingWords(missing: readonly MissingRole[]): string {
  return missing.map(({ role, threshold, counted }) => `${threshold - counted} more of role ${role}`).join(", ");
}
