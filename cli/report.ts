import { areFindingsWithheld, type EvidenceClaims } from "@caladrius/attestation-verifier";
import { toHex, type DisclosureValues, type Finding, type Identity, type ResultClaims, type Series } from "@caladrius/wire";
import { formatTime, NOT_A_MEDICAL_DEVICE, printAlarms, printCoverage, printFindings, printSeries } from "./findings.ts";
import { styled, type Terminal } from "./print.ts";

type Single = "alarm-summary" | "coverage" | "subject" | "purpose" | "level" | "detectors" | "submitter" | "denial" | "input";

/** What a person wants to see of a result. */
export interface Report {
  result: Omit<ResultClaims, "disclosureDigests">;
  disclosed: { readonly [N in Single]: DisclosureValues[N] | null } & {
    readonly findings: readonly Finding[];
    readonly series: readonly Series[];
  };
  withheldAtMost: number;
  software: Identity["software"];
  bootId: Uint8Array;
  /** null where nothing was verified */
  evidence: EvidenceClaims | null;
  /** of evidence that was not verified */
  evidenceSha256?: string;
}

/** Who, when, what was found, what was looked at. */
export function printReport(report: Report, terminal: Terminal): void {
  const { result, disclosed, withheldAtMost, software, evidence } = report;
  terminal.line(`issued    ${formatTime(result.interval.fromMs)} to ${formatTime(result.interval.toMs)}`);
  terminal.line(
    `by        ${software.name} ${software.version}${software.commit === null ? "" : ` (${software.commit})`}, boot ${toHex(report.bootId).slice(0, 16)}`,
  );
  if (evidence !== null) {
    terminal.line(
      `enclave   ${evidence.moduleId}, ${evidence.region ?? "unknown region"}, document of ${formatTime(evidence.timestampMs)}`,
    );
    terminal.line(
      `root      ${evidence.root.commonName}${evidence.simulated ? " (SIMULATED)" : ""}, equal PCRs: ${evidence.matchedPcrs.join(", ")}`,
    );
  }
  terminal.line(
    `policy    version ${result.policy.version}, ${toHex(result.policy.digest).slice(0, 16)}…, constitution ${toHex(result.constitutionDigest).slice(0, 16)}…`,
  );
  terminal.line(`job       ${toHex(result.jobDigest).slice(0, 16)}…, nonce ${toHex(result.nonce).slice(0, 32)}`);
  terminal.line(`subject   ${disclosed.subject ?? "withheld"}`);
  terminal.line(`purpose   ${disclosed.purpose ?? "withheld"}, level ${disclosed.level ?? "withheld"}`);
  if (result.flags.breakGlass) terminal.line([styled("yellow", "break-glass: access was taken in an emergency")]);
  if (result.flags.statusStale) terminal.line([styled("yellow", "status stale: answered under an expired status list")]);
  if (disclosed.denial !== null) terminal.line([styled("red", `denied    ${disclosed.denial}: nothing was analysed`)]);
  if (disclosed.detectors !== null)
    terminal.line(`detectors ${disclosed.detectors.map(({ id, version }) => `${id} ${version}`).join(", ")}`);
  if (disclosed["alarm-summary"] !== null) printAlarms(disclosed["alarm-summary"], terminal);
  else if (disclosed.denial === null) terminal.line([styled("yellow", "alarms    withheld: whether there was an alarm is not known")]);
  if (disclosed.denial === null && areFindingsWithheld({ ...disclosed, finding: disclosed.findings }))
    terminal.line(
      `findings  withheld: ${disclosed.level === "alarm" ? "the level is alarm" : "that none is shown does not say that there was none"}`,
    );
  else if (disclosed.denial === null) printFindings(disclosed.findings, terminal);
  if (disclosed.coverage !== null) printCoverage(disclosed.coverage, terminal);
  else if (disclosed.denial === null) terminal.line("coverage  withheld");
  printSeries(disclosed.series, terminal);
  if (withheldAtMost > 0) terminal.line(`withheld  at most ${withheldAtMost} disclosures: decoys cannot be told from them`);
  terminal.line([styled("dim", NOT_A_MEDICAL_DEVICE)]);
}
