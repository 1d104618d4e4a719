import { analyse, DETECTORS } from "@caladrius/enclave/analyse";
import type { Arguments } from "../arguments.ts";
import { EXIT, UsageError, worst, type ExitCode } from "../exit.ts";
import { printAlarms, printCoverage, printFindings } from "../findings.ts";
import { readAll, readZone } from "../inputs.ts";
import { styled, type Terminal } from "../print.ts";

/** Runs the detectors on local data. What comes out is neither sealed nor attested, and says so. */
export async function run(args: Arguments, terminal: Terminal): Promise<ExitCode> {
  const detectors = args.many("detector");
  refuseUnknownDetectors(detectors);
  const { recordings, exit } = await readAll(args.inputs, terminal, { zone: readZone(args) });
  terminal.line([styled("yellow", "unattested: computed on this machine, by whatever program stands here. Not a medical device.")]);
  for (const { recording, sources } of recordings) {
    const analysis = analyse(recording, { detectors });
    const { findings, coverage, alarmSummary, series } = analysis;
    const ran = analysis.detectors.map(({ id, version }) => ({ id, version }));
    terminal.object({ attested: false, subject: recording.subject, sources, alarmSummary, findings, coverage, detectors: ran, series });
    terminal.line();
    terminal.line(["subject   ", styled("bold", recording.subject), `  (${sources.join(", ")})`]);
    terminal.line(`detectors ${ran.length === 0 ? "none applies" : ran.map(({ id, version }) => `${id} ${version}`).join(", ")}`);
    printAlarms(alarmSummary, terminal);
    printFindings(findings, terminal);
    printCoverage(coverage, terminal);
  }
  return worst([exit, EXIT.ok]);
}

/** Asked for before anything is read or sealed, so that a slip of the pen costs nothing. @throws UsageError */
export function refuseUnknownDetectors(detectors: readonly string[]): void {
  const unknown = detectors.find((id) => !DETECTORS.some((known) => known.id === id));
  if (unknown === undefined) return;
  throw new UsageError(
    `there is no detector ${JSON.stringify(unknown)}`,
    `known: ${DETECTORS.map(({ id, title }) => `${id} (${title})`).join(", ")}`,
  );
}
