import type { SubmitOutcome, SubmitProgress } from "@caladrius/client";
import { DENIAL } from "@caladrius/policies";
import { EXIT, failureJson, failureOf, type ExitCode } from "./exit.ts";
import { NOT_A_MEDICAL_DEVICE, saidOf } from "./findings.ts";
import { styled, type Segment, type Terminal } from "./print.ts";
import { statusSegment, verdictExit, verdictObject } from "./verdicts.ts";

/** The exit code of one outcome. */
export function outcomeExit(outcome: SubmitOutcome, strict: boolean): ExitCode {
  if (outcome.status === "failed") return failureOf(outcome.problem).exit;
  return outcome.verdict === null ? EXIT.internal : verdictExit(outcome.verdict, strict);
}

/** What became of each recording: one object a line, or a table with the gravest finding. */
export function printOutcomes(outcomes: readonly SubmitOutcome[], terminal: Terminal): void {
  for (const outcome of outcomes) terminal.object(outcomeObject(outcome));
  const areNamesEnough = outcomes.every(
    ({ name, subject, part }) => name === subject || (part !== null && name.startsWith(`${subject}-part-`)),
  );
  terminal.table(outcomes.map((outcome) => row(outcome, areNamesEnough ? [] : [`subject ${outcome.subject}`])));
  for (const { name, resealed } of outcomes)
    if (resealed > 0)
      terminal.line(`${name}: sealed again ${resealed === 1 ? "once" : `${resealed} times`}, as the enclave that held the keys was gone`);
  for (const { name, part } of outcomes) if (part !== null) terminal.line(`${name}: ${windowOf(part)}`);
  if (outcomes.some(({ part }) => part !== null))
    terminal.line(
      "windows: a recording above the 32 MiB of a sealed job was cut; each window is analysed by itself, what spans a cut is seen as two",
    );
  if (outcomes.some(({ verdict }) => verdict !== null)) terminal.line([styled("dim", NOT_A_MEDICAL_DEVICE)]);
  tellDenials(outcomes.map(denialOf), terminal);
}

/** The last line: how many results verified, of how many, and how many inputs gave none as they could not be read. */
export function countLine(verified: number, of: number, notRead: number): string {
  const unread = notRead === 0 ? "" : notRead === 1 ? "; 1 input was not read" : `; ${notRead} inputs were not read`;
  return `verified ${verified} of ${of} results${unread}`;
}

/** Says of each kind of denial what it means: a bundle's holder, a grant's issuer or a status list's may have to act. */
export function tellDenials(denials: readonly (string | null)[], terminal: Terminal): void {
  for (const denial of new Set(denials)) {
    if (denial === null) continue;
    const meaning = meaningOf(denial);
    terminal.line(`${denial}: nothing was analysed${meaning === null ? "" : `; ${meaning}`}`);
  }
}

/** What a denial means; null for one that a newer enclave knows. */
export function meaningOf(denial: string): string | null {
  return Object.entries(DENIAL).find(([code]) => code === denial)?.[1] ?? null;
}

function windowOf({ number, of, startMs, endMs }: NonNullable<SubmitOutcome["part"]>): string {
  return `window ${number} of ${of}, ${new Date(startMs).toISOString()} to ${new Date(endMs).toISOString()}`;
}

function denialOf({ verdict }: SubmitOutcome): string | null {
  return verdict === null || verdict.status === "contraindicated" ? null : verdict.claims.disclosed.denial;
}

/** Tells where each recording stands. */
export function tellProgress({ name, stage, done, total }: SubmitProgress, terminal: Terminal): void {
  const ended = stage === "verified" || stage === "refused" || stage === "failed";
  terminal.progress(`${done} of ${total}  ${name}: ${stage}`, !ended);
}

/** Tells once for each recording that its job was handed over and brings no answer for a while, and where the reason may stand. */
export function tellSlow(hostUrl: string, terminal: Terminal): (progress: Pick<SubmitProgress, "index" | "name" | "stage">) => void {
  const timers = new Map<number, NodeJS.Timeout>();
  return ({ index, name, stage }) => {
    clearTimeout(timers.get(index));
    if (stage !== "waiting") return;
    const tell = (): void =>
      terminal.progress(
        `waiting: ${name} was handed over ${SLOW_MS / 1000} s ago and is not answered; ${hostUrl}/readyz says under waitingFor whether the enclave waits for KMS, such as kms-denied, and the host's operator knows more`,
      );
    timers.set(index, setTimeout(tell, SLOW_MS).unref());
  };
}

/** Tells once for each reason why nothing moves; a host may be away for long. */
export function tellRetries(terminal: Terminal): (reason: string) => void {
  const told = new Set<string>();
  return (reason) => {
    if (!told.has(reason)) terminal.progress(`waiting: ${reason}`);
    told.add(reason);
  };
}

function outcomeObject(outcome: SubmitOutcome): Readonly<Record<string, unknown>> {
  const { name, subject, sources, part, path, resealed, verdict, problem } = outcome;
  const object =
    verdict === null || problem !== null ? failureJson(path, failureOf(problem)) : { ...verdictObject("", verdict), file: path };
  return { ...object, name, subject, sources, part, resealed };
}

function row({ name, verdict, problem, path }: SubmitOutcome, whose: readonly string[]): (string | Segment)[] {
  if (verdict === null || problem !== null) {
    const failure = failureOf(problem);
    return [styled("red", "failed"), name, ...whose, failure.code, failure.sentence];
  }
  if (verdict.status === "contraindicated") return [statusSegment(verdict), name, ...whose, verdict.code, verdict.sentence];
  return [statusSegment(verdict), name, ...whose, saidOf(verdict.claims.disclosed), path ?? ""];
}

const SLOW_MS = 30_000;
