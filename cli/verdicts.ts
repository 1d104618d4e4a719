import { verdictJson, type Verdict } from "@caladrius/attestation-verifier";
import { EXIT, type ExitCode } from "./exit.ts";
import { styled, type Segment, type Style, type Terminal } from "./print.ts";

const STYLE: Readonly<Record<Verdict<unknown>["status"], Style>> = { affirming: "green", warning: "yellow", contraindicated: "red" };

/** The object of one verdict, as --json prints it. */
export function verdictObject(file: string, verdict: Verdict<unknown>): Readonly<Record<string, unknown>> {
  return { file, ...verdictJson(verdict) };
}

/** The exit code of a verdict; `strict` makes a warning count as contraindicated. */
export function verdictExit(verdict: Verdict<unknown>, strict: boolean): ExitCode {
  return strict && verdict.status === "warning" ? EXIT.contraindicated : verdict.exitCode;
}

/** The status word in its colour. */
export function statusSegment(verdict: Verdict<unknown>): Segment {
  return styled(STYLE[verdict.status], verdict.status);
}

/** Status, reasons and what was not checked, for people. The first line says "simulator" where one made the evidence. */
export function printVerdict(verdict: Verdict<unknown>, terminal: Terminal): void {
  terminal.line(["verdict   ", statusSegment(verdict), `  ${verdict.sentence}`]);
  terminal.line(`          ${verdict.code}, ${verdict.stage}, ${verdict.spec}`);
  const at = verdict.atMs === null ? "" : `, judged at ${new Date(verdict.atMs).toISOString()}`;
  terminal.line(`mode      ${verdict.mode}${at}`);
  terminal.line(`not checked  ${verdict.notChecked.length === 0 ? "nothing is left open" : verdict.notChecked.join(", ")}`);
}
