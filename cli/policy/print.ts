import { createHash } from "node:crypto";
import type { ApprovedBy, Quorum } from "@caladrius/attestation-verifier/governance";
import {
  breakGlassWords,
  durationWords,
  iso,
  parameterWords,
  thresholdWords,
  type AuthoringWarning,
  type BundleDifference,
} from "@caladrius/policies/authoring";
import { whoReadsEverything } from "@caladrius/policies/words";
import { toHex, type Bundle, type Constitution } from "@caladrius/wire";
import { missingWords } from "../fleet/record.ts";
import { styled, type Terminal } from "../print.ts";

/** What a constitution says, for people. */
export function printConstitution(
  constitution: Constitution,
  { digest, pcr16 }: { digest: string; pcr16: string },
  terminal: Terminal,
): void {
  const { name, number, predecessor, notBefore, notAfter, approvers, quorums, statusKeys, auditorKeys, kms, log } = constitution;
  terminal.table([
    ["constitution", `${name}, number ${number}`],
    ["predecessor", predecessor === null ? "none: the first" : toHex(predecessor)],
    ["in force", `${iso(notBefore)} to ${iso(notAfter)}`],
    ["SHA-384", digest],
    ["PCR16", pcr16],
  ]);
  terminal.line();
  terminal.line([styled("bold", "Who must agree")]);
  terminal.table(
    Object.entries(quorums).map(([what, thresholds]) => [QUORUM[what as keyof typeof QUORUM], thresholdWords(thresholds)]),
    "  ",
  );
  terminal.line("  A person counts once, in one role.");
  terminal.line();
  terminal.line([styled("bold", "Who they are")]);
  terminal.table(
    approvers.map(({ person, role, key, passkey }) => [
      person,
      role,
      `${key.alg} ${thumbprint(key.key)}`,
      passkey === null ? "key file" : `passkey for ${passkey.rpId}`,
    ]),
    "  ",
  );
  terminal.line();
  terminal.table([
    ...statusKeys.map(({ alg, key }) => ["status key", `${alg} ${thumbprint(key)}: any one of these revokes`]),
    ...auditorKeys.map(({ suite, publicKey }) => ["auditor", `${suite} ${thumbprint(publicKey)}`]),
    ...(kms === null ? [["KMS", "none"]] : [["KMS", kms.endpoint], ...kms.keys.map((arn) => ["KMS key", arn])]),
    ["log", log === null ? "none" : `${log.origin}, ${log.witnessThreshold} of ${log.witnesses.length} witnesses`],
  ]);
  const readers = kms === null ? null : whoReadsEverything(kms.keys);
  if (readers !== null) terminal.line([styled("yellow", readers)]);
}

/** What a bundle says, for people. */
export function printBundle(bundle: Bundle, terminal: Terminal): void {
  const { policyVersion, notBefore, notAfter, purposes, detectors, grantIssuers, devices, breakGlass, cedar } = bundle;
  terminal.table([
    ["policy", `version ${policyVersion}`],
    ["in force", `${iso(notBefore)} to ${iso(notAfter)}`],
    ["constitution", toHex(bundle.constitutionDigest)],
  ]);
  terminal.table(
    purposes.map(({ code, care, grantRequired, submitterLevel, recipientLevel }) => [
      `purpose ${code}`,
      care ? "care" : "",
      grantRequired ? "with a grant" : "without a grant",
      `submitter ${submitterLevel}, recipients ${recipientLevel}`,
    ]),
  );
  terminal.table([
    ...detectors.map(({ id, parameters }) => ["detector", id, parameterWords(parameters)]),
    ...grantIssuers.map(({ name, key }) => ["grant issuer", name, thumbprint(key.key)]),
    ...devices.registered.map(({ name, key, subject }) => [
      "device",
      name,
      `${thumbprint(key.key)}${subject === null ? "" : `, subject ${subject}`}`,
    ]),
    ["devices", `unsigned ${devices.unsigned}, unknown ${devices.unknown}, gap ${devices.gap}, replay ${devices.replay}`],
    ["emergencies", breakGlass === null ? "none" : breakGlassWords(breakGlass)],
    ...bundle.dataKeys.map((arn) => ["data key", arn]),
    [
      "stale status",
      `answers care for ${durationWords(bundle.careGraceSeconds)}; fresh lists for the rest: ${bundle.freshStatus ? "needed" : "not needed"}`,
    ],
    ["Cedar", `${cedar.policies.split("\n").length} lines of policies, ${cedar.schema.split("\n").length} of schema`],
  ]);
}

/** What should be thought about again. */
export function printWarnings(warnings: readonly AuthoringWarning[], terminal: Terminal): void {
  for (const { code, sentence } of warnings) terminal.note([styled("yellow", "warning    "), `${sentence} (${code})`]);
}

/** Who approved, and what is missing. */
export function printApprovals(quorum: Quorum, terminal: Terminal): void {
  for (const one of quorum.approvedBy) terminal.line(`approved   ${approvalWords(one)}`);
  if (quorum.ok) terminal.line([styled("green", "complete"), "   the quorum stands"]);
  else terminal.line([styled("yellow", "missing"), `    ${missingWords(quorum)}`]);
}

/** What differs between two bundles, wider marked. */
export function printDifferences(differences: readonly BundleDifference[], terminal: Terminal): void {
  for (const { what, before, after, effect, lines } of differences) {
    terminal.line([MARK[effect], what]);
    if (lines !== undefined) {
      for (const { mark, text } of lines)
        terminal.line([styled(mark === "-" ? "red" : mark === "+" ? "green" : "dim", `    ${mark} ${text}`)]);
      continue;
    }
    if (before !== null) terminal.line([styled("red", "    - "), before]);
    if (after !== null) terminal.line([styled("green", "    + "), after]);
  }
}

function approvalWords({ person, role, at, by }: ApprovedBy): string {
  return `${person}, ${role}, ${iso(at)} by their own clock, ${by === "passkey" ? "with a passkey" : "with a key file"}`;
}

/** SHA-256 of a raw public key, as status lists revoke it. */
function thumbprint(key: Uint8Array): string {
  return createHash("sha256").update(key).digest("hex");
}

const QUORUM: Readonly<Record<keyof Constitution["quorums"], string>> = {
  bundle: "policy bundle",
  release: "release",
  fleet: "keys of a fleet",
  succession: "another constitution",
  status: "taking a revocation back",
};
const MARK = {
  wider: styled("yellow", "WIDER     "),
  narrower: styled("plain", "narrower  "),
  read: styled("bold", "READ IT   "),
  neither: styled("dim", "          "),
} as const;
