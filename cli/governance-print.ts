import type { GovernedTrust } from "@caladrius/attestation-verifier/governance";
import { extendZero } from "@caladrius/image";
import { toHex } from "@caladrius/wire";
import { styled, type Line } from "./print.ts";

/** Whose approval a trust file counts, and for what, as --json prints it. */
export function governanceObject({ constitution, releases, acceptsApproved, quorum }: GovernedTrust): Readonly<Record<string, unknown>> {
  return {
    constitution:
      constitution === null
        ? null
        : {
            name: constitution.constitution.name,
            digest: constitution.constitutionDigest,
            pcr16: extendZero(constitution.constitutionDigest),
          },
    releases: releases.map(({ release, digest, approvedBy }) => ({
      digest,
      name: release.name,
      version: release.softwareVersion,
      approvedBy,
    })),
    acceptsApproved,
    quorum,
  };
}

/** The same for people; nothing where the file names no constitution. */
export function governanceLines({ constitution, releases, acceptsApproved, quorum }: GovernedTrust): Line[] {
  if (constitution === null) return [];
  const demands = quorum.map(({ role, threshold }) => `${threshold} of role ${role}`).join(", ");
  return [
    ["approvers ", styled("bold", constitution.constitution.name), `  constitution ${toHex(constitution.constitutionDigest)}`],
    `          PCR16 ${toHex(extendZero(constitution.constitutionDigest))}`,
    ...releases.map(
      ({ release, approvedBy }) =>
        `release   ${release.name} ${release.softwareVersion}: ${approvedBy.map(({ person, role }) => `${person}, ${role}`).join("; ")}`,
    ),
    ...(acceptsApproved ? ["release   any that comes with a result and that the quorum approved"] : []),
    ...(demands === "" ? [] : [`demands   ${demands}, beside the constitution's rules`]),
  ];
}
