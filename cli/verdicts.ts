import { verdictJson, type Check, type EvidenceClaims, type Verdict } from "@caladrius/attestation-verifier";
import { EXIT, type ExitCode } from "./exit.ts";
import { styled, type Segment, type Style, type Terminal } from "./print.ts";

const STYLE: Readonly<Record<Verdict<unknown>["status"], Style>> = { affirming: "green", warning: "yellow", contraindicated: "red" };

/** The object of one verdict, as --json prints it; `checks` where they were asked for. */
export function verdictObject(
  file: string,
  verdict: Verdict<unknown, string>,
  checks: readonly Check[] | null = null,
): Readonly<Record<string, unknown>> {
  return { file, ...verdictJson(verdict), ...(checks === null ? {} : { checks }) };
}

/** The exit code of a verdict; `strict` makes a warning count as contraindicated. */
export function verdictExit(verdict: Verdict<unknown, string>, strict: boolean): ExitCode {
  return strict && verdict.status === "warning" ? EXIT.contraindicated : verdict.exitCode;
}

/** The status word in its colour. */
export function statusSegment(verdict: Verdict<unknown, string>): Segment {
  return styled(STYLE[verdict.status], verdict.status);
}

/** Status, reasons and what was not checked, for people. The first line says "simulator" where one made the evidence. */
export function printVerdict(verdict: Verdict<unknown, string>, terminal: Terminal): void {
  terminal.line(["verdict   ", statusSegment(verdict), `  ${verdict.sentence}`]);
  terminal.line(`          ${verdict.code}, ${verdict.stage}, ${verdict.spec}`);
  const at = verdict.atMs === null ? "" : `, judged at ${new Date(verdict.atMs).toISOString()}`;
  terminal.line(`mode      ${verdict.mode}${at}`);
  terminal.line(`not checked  ${verdict.notChecked.length === 0 ? "nothing is left open" : verdict.notChecked.join(", ")}`);
}

/** Every check, one line each; what was expected and found below it where they differ, else once. */
export function printChecks(checks: readonly Check[], terminal: Terminal): void {
  for (const { state, title, expected, found, spec } of checks) {
    terminal.line([styled(STATE[state].style, STATE[state].word), `  ${title}  `, styled("dim", `(${spec})`)]);
    if (expected !== null && expected === found) terminal.line(`${INDENT}${found}`);
    else {
      if (expected !== null) terminal.line(`${INDENT}expected ${expected}`);
      if (found !== null) terminal.line(`${INDENT}found    ${found}`);
    }
  }
}

/** Which certificates revocation lists cover, and where the others' lists are. */
export function printRevocation({ revocation, crlDistributionPoints }: EvidenceClaims, terminal: Terminal): void {
  if (revocation.covered.length > 0) terminal.line(`not revoked  ${revocation.covered.join(", ")}`);
  for (const { certificate, urls } of crlDistributionPoints)
    if (!revocation.covered.includes(certificate)) terminal.line(`revocation list of the ${certificate}, not looked at: ${urls.join(" ")}`);
}

const INDENT = " ".repeat(13);
const STATE: Readonly<Record<Check["state"], { word: string; style: Style }>> = {
  passed: { word: "passed     ", style: "green" },
  reservation: { word: "reservation", style: "yellow" },
  failed: { word: "failed     ", style: "red" },
  "not checked": { word: "not checked", style: "yellow" },
  "not reached": { word: "not reached", style: "dim" },
};
