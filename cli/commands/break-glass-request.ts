import { setTimeout as sleep } from "node:timers/promises";
import { createSubmitterKey, submit, type KnownEmergency, type ReadRecording } from "@caladrius/client";
import { equalBytes, toHex } from "@caladrius/wire";
import type { Arguments } from "../arguments.ts";
import { PlainDesk } from "../emergency/desk.ts";
import { readHost } from "../emergency/host.ts";
import { emergencyObject, printEmergency } from "../emergency/print.ts";
import { EXIT, UsageError, worst, type ExitCode } from "../exit.ts";
import { makeFolder } from "../files.ts";
import { readAll, readZone } from "../inputs.ts";
import { openToldKey } from "../keys.ts";
import { outcomeExit, printOutcomes, tellProgress, tellRetries } from "../outcomes.ts";
import type { Terminal } from "../print.ts";

/** Asks for an emergency, waits until it is decided, and has the recordings read under it. */
export async function run(args: Arguments, terminal: Terminal): Promise<ExitCode> {
  const level = args.oneOf("level", ["findings", "full"]) ?? "findings";
  const purpose = args.optional("purpose") ?? DEFAULT_PURPOSE;
  const reason = args.text("reason");
  if (reason === "" || reason.length > 1000) throw new UsageError("--reason must have 1 to 1000 characters");
  const ward = args.optional("ward");
  const waitMs = 1000 * args.integer("wait", 0, 24 * 3600, DEFAULT_WAIT_S);
  const zone = readZone(args);
  const host = await readHost(args);
  const keyPath = args.optional("key");
  const key = keyPath === null ? await createSubmitterKey() : await openToldKey(keyPath, terminal);
  const outDir = args.optional("out");
  if (outDir !== null) await makeFolder(outDir);
  const { recordings, exit } = await readAll(args.inputs, terminal, { zone });
  const subject = oneSubject(recordings, args.optional("subject"));

  const stop = new AbortController();
  const onRetry = tellRetries(terminal);
  const desk = new PlainDesk({ ...host, key, purpose, signal: stop.signal, onRetry });
  try {
    const opened = await desk.open({ subject, ward, reason, level });
    printEmergency(opened, terminal);
    const decided = await untilDecided(desk, opened, waitMs, terminal);
    if (decided.state !== "granted") return notGranted(decided, terminal);
    terminal.object(emergencyObject(decided));
    terminal.line(`granted by ${decided.answers.flatMap((one) => (one.granted ? [`${one.person}, ${one.role}`] : [])).join("; ")}`);
    const outcomes = await submit(recordings, {
      ...host,
      key,
      level,
      purpose,
      ward,
      emergency: opened.emergency.id,
      outDir,
      force: args.flag("force"),
      onProgress: (progress) => tellProgress(progress, terminal),
      onRetry,
    });
    printOutcomes(outcomes, terminal);
    terminal.line("the results say that the glass was broken, and the auditors whom the constitution names are told");
    return worst([exit, ...outcomes.map((outcome) => outcomeExit(outcome, args.flag("strict")))]);
  } finally {
    stop.abort();
  }
}

function oneSubject(recordings: readonly ReadRecording[], named: string | null): string {
  const subjects = [...new Set(recordings.map(({ recording }) => recording.subject))];
  const [subject] = subjects;
  if (subject === undefined) throw new UsageError("nothing to read in the inputs");
  if (subjects.length > 1) throw new UsageError(`an emergency is about one subject; the inputs hold ${subjects.join(", ")}`);
  if (named !== null && named !== subject) throw new UsageError(`the inputs are of subject ${subject}, not ${named}`);
  return subject;
}

async function untilDecided(desk: PlainDesk, opened: KnownEmergency, waitMs: number, terminal: Terminal): Promise<KnownEmergency> {
  const endMs = performance.now() + waitMs;
  let last = opened;
  while (last.state === "waiting" && performance.now() < endMs) {
    await sleep(POLL_MS);
    const found = (await desk.list()).find(({ emergency }) => equalBytes(emergency.id, opened.emergency.id));
    if (found === undefined) return { ...last, state: "expired" };
    if (found.escalated && !last.escalated) terminal.progress("nobody of the first roles has answered: the second are asked as well");
    last = found;
    terminal.progress(`waiting for ${last.asked.map(({ role, threshold }) => `${threshold} of ${role}`).join(", ")}`, true);
  }
  return last;
}

function notGranted(decided: KnownEmergency, terminal: Terminal): ExitCode {
  terminal.object(emergencyObject(decided));
  const words = { waiting: "not decided in time; it goes on waiting", refused: "refused", expired: "it has ended without a decision" };
  if (decided.state !== "granted") terminal.note(`emergency ${toHex(decided.emergency.id)}: ${words[decided.state]}`);
  return decided.state === "waiting" ? EXIT.unreachable : EXIT.contraindicated;
}

/** HL7 v3 PurposeOfUse: emergency treatment. */
const DEFAULT_PURPOSE = "ETREAT";
const DEFAULT_WAIT_S = 600;
const POLL_MS = 250;
