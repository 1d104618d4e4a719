import { createHash } from "node:crypto";
import { listGovernedChecks, verifyGovernedResultFile } from "@caladrius/attestation-verifier/governance";
import { signatures } from "@caladrius/attestation-verifier/signatures";
import { bundleOf } from "@caladrius/client/fhir-out";
import {
  decodeDisclosure,
  decodeIdentity,
  decodeResultClaims,
  decodeResultFile,
  decodeStatement,
  toHex,
  type Disclosure,
  type DisclosureName,
  type DisclosureValues,
} from "@caladrius/wire";
import type { Arguments } from "../arguments.ts";
import { about, EXIT, type ExitCode } from "../exit.ts";
import { readLimited } from "../files.ts";
import { formatTime } from "../findings.ts";
import { printReport, type Report } from "../report.ts";
import { jsonLine, styled, type Terminal } from "../print.ts";
import { releaseLines } from "../release/print.ts";
import { readTrustFile } from "../trust.ts";
import { printChecks, printRevocation, printVerdict, statusSegment, verdictExit, verdictObject } from "../verdicts.ts";
import { MAX_RESULT_FILE_BYTES } from "./verify.ts";

/** Shows a result to a person. With a trust file it is verified first, and what does not verify is not shown. */
export async function run(args: Arguments, terminal: Terminal): Promise<ExitCode> {
  const file = args.inputs[0] ?? "";
  const bytes = await readLimited(file, MAX_RESULT_FILE_BYTES);
  const trustPath = args.optional("trust");
  if (args.flag("fhir")) return await showFhir(file, bytes, trustPath, terminal);
  if (trustPath === null) {
    const report = await about(file, () => readUnverified(bytes));
    terminal.object({ file, status: null, verified: false, claims: report });
    terminal.line([styled("red", "NOT VERIFIED  what follows is what the file says; give --trust FILE to know whether it is so")]);
    printReport(report, terminal);
    return EXIT.ok;
  }
  const verdict = await verifyGovernedResultFile(bytes, await readTrustFile(trustPath), {}, signatures);
  const checks = args.flag("checks") ? listGovernedChecks(verdict) : null;
  terminal.object(verdictObject(file, verdict, checks));
  printVerdict(verdict, terminal);
  if (checks !== null) printChecks(checks, terminal);
  if (verdict.status === "contraindicated") terminal.line("nothing of this file is shown, as nothing of it can be relied on");
  else {
    const { result, disclosed, withheldAtMost, software, evidence, bootId, provedTime, release } = verdict.claims;
    if (provedTime !== null)
      terminal.line(`stamped   by ${provedTime.authority}: it existed at ${formatTime(provedTime.atMs)} at the latest`);
    for (const line of releaseLines(release)) terminal.line(line);
    printRevocation(evidence, terminal);
    printReport({ result, disclosed: { ...disclosed, findings: disclosed.finding }, withheldAtMost, software, bootId, evidence }, terminal);
  }
  return verdictExit(verdict, false);
}

/** Prints a result as a FHIR Bundle, one line on stdout; of one that does not verify nothing is printed. */
async function showFhir(file: string, bytes: Uint8Array, trustPath: string | null, terminal: Terminal): Promise<ExitCode> {
  const verdict = trustPath === null ? null : await verifyGovernedResultFile(bytes, await readTrustFile(trustPath), {}, signatures);
  if (verdict?.status === "contraindicated") {
    terminal.object(verdictObject(file, verdict));
    printVerdict(verdict, terminal);
    terminal.line("no bundle is printed, as nothing of this file can be relied on");
    return verdictExit(verdict, false);
  }
  const { statement, ...said } = await about(file, () => ({ ...readUnverified(bytes), statement: decodeResultFile(bytes).result }));
  const claims =
    verdict === null ? said : { ...verdict.claims, disclosed: { ...verdict.claims.disclosed, findings: verdict.claims.disclosed.finding } };
  const sha256 = (text: Uint8Array | string): Uint8Array => new Uint8Array(createHash("sha256").update(text).digest());
  const bundle = bundleOf({ verdict, ...claims, statement, sha256, fileSha256: sha256(bytes) });
  if (verdict === null)
    terminal.note([styled("red", "NOT VERIFIED  give --trust FILE to know whether it is so; the bundle's tag says so too")]);
  else terminal.note(["verdict   ", statusSegment(verdict), `  ${verdict.sentence}`]);
  terminal.object(bundle);
  terminal.line(jsonLine(bundle));
  return verdict === null ? EXIT.ok : verdictExit(verdict, false);
}

/** Reads what a file says, without any check beyond its format. @throws WireError, LimitError */
function readUnverified(bytes: Uint8Array): Report {
  const file = decodeResultFile(bytes);
  const { disclosureDigests, ...result } = decodeResultClaims(decodeStatement(file.result, "result").payload);
  const { software, bootId } = decodeIdentity(file.identity);
  const disclosures = file.disclosures.map((one) => decodeDisclosure(one));
  return {
    result,
    disclosed: {
      "alarm-summary": one(disclosures, "alarm-summary"),
      coverage: one(disclosures, "coverage"),
      subject: one(disclosures, "subject"),
      input: one(disclosures, "input"),
      purpose: one(disclosures, "purpose"),
      level: one(disclosures, "level"),
      detectors: one(disclosures, "detectors"),
      submitter: one(disclosures, "submitter"),
      denial: one(disclosures, "denial"),
      findings: disclosures.flatMap((each) => (each.name === "finding" ? [each.value] : [])),
      series: disclosures.flatMap((each) => (each.name === "series" ? [each.value] : [])),
    },
    withheldAtMost: disclosureDigests.length - disclosures.length,
    software,
    bootId,
    evidence: null,
    evidenceSha256: toHex(createHash("sha256").update(file.evidence).digest()),
  };
}

function one<N extends DisclosureName>(disclosures: readonly Disclosure[], name: N): DisclosureValues[N] | null {
  const found = disclosures.find((each) => each.name === name);
  return found === undefined ? null : (found.value as DisclosureValues[N]);
}
