import { createHash } from "node:crypto";
import { basename } from "node:path";
import type { ResultFileClaims } from "@caladrius/attestation-verifier";
import { verifyGovernedResultFile } from "@caladrius/attestation-verifier/governance";
import { signatures } from "@caladrius/attestation-verifier/signatures";
import { splitRecording, type PartPosition, type ReadRecording } from "@caladrius/client";
import { renderReport, type RecordingMatch } from "@caladrius/pages/report";
import { encodeRecording, equalBytes, toHex, type Recording } from "@caladrius/wire";
import type { Arguments } from "../arguments.ts";
import { EXIT, UsageError, type ExitCode } from "../exit.ts";
import { NOT_A_MEDICAL_DEVICE } from "../findings.ts";
import { readLimited, refuseExisting, writeWhole } from "../files.ts";
import { readAll, readZone } from "../inputs.ts";
import { styled, type Terminal } from "../print.ts";
import { readTrustFile } from "../trust.ts";
import { printVerdict, verdictExit, verdictObject } from "../verdicts.ts";
import { MAX_RESULT_FILE_BYTES } from "./verify.ts";

/** Verifies a result, finds the recording that it is about, and writes both as a page; or no page at all. */
export async function run(args: Arguments, terminal: Terminal): Promise<ExitCode> {
  const file = args.inputs[0] ?? "";
  const [out, trustPath, force] = [args.text("out"), args.text("trust"), args.flag("force")];
  if (!force) await refuseExisting(out);
  const zone = readZone(args);
  const bytes = await readLimited(file, MAX_RESULT_FILE_BYTES);
  const trust = await readTrustFile(trustPath);
  const verdict = await verifyGovernedResultFile(bytes, trust, {}, signatures);
  const exit = verdictExit(verdict, args.flag("strict"));
  const tell = (said: Readonly<Record<string, unknown>>): void => terminal.object({ ...verdictObject(file, verdict), ...said });
  printVerdict(verdict, terminal);
  if (verdict.status === "contraindicated") {
    tell({ page: null });
    terminal.line("no page is written, as nothing of this file can be relied on");
    return exit;
  }
  const { recordings, exit: readExit } = await readAll(args.many("recording"), terminal, { zone });
  const choice = choose(recordings, verdict.claims);
  if (typeof choice === "string") {
    const unread = recordings.length === 0 && readExit !== EXIT.ok;
    tell({ page: null, problem: choice });
    terminal.line([styled("red", "no page is written  "), unread ? "no recording could be read" : choice]);
    return unread ? readExit : EXIT.contraindicated;
  }
  const { read, recording, part, match, digest } = choice;
  const report = renderReport({
    verdict,
    recording,
    match,
    recordingSha256: toHex(digest),
    isRelative: read.relativeTime,
    result: { name: basename(file), sha256: toHex(sha256(bytes)) },
    trust: { name: basename(trustPath), sha256: toHex(sha256(await readLimited(trustPath, MAX_RESULT_FILE_BYTES))) },
    sources: [...read.sources.map((source) => basename(source)), ...(part === null ? [] : [`window ${part.number} of ${part.of}`])],
  });
  await writeWhole(out, report.html, { force });
  tell({ page: out, recording: { sha256: toHex(digest), match }, strips: report.strips, trends: report.trends });
  terminal.line(
    match === "same"
      ? "recording  the one that was analysed"
      : [styled("yellow", "recording  the result does not disclose which one was analysed; the page says so (submit with --level full)")],
  );
  terminal.line([styled("dim", NOT_A_MEDICAL_DEVICE)]);
  terminal.line(`wrote ${out}: ${report.trends} trends, ${report.strips} ECG strips, ${(report.html.length / 1000).toFixed(0)} kB`);
  return exit;
}

/** A recording as it was submitted: whole, or one window of it. */
interface Candidate {
  readonly read: ReadRecording;
  readonly recording: Recording;
  readonly part: PartPosition | null;
  readonly digest: Uint8Array;
}

interface Choice extends Candidate {
  readonly match: RecordingMatch;
}

/** The recording that a result is about, or why there is none among those given. @throws UsageError where it cannot be told which */
function choose(
  recordings: readonly ReadRecording[],
  { disclosed: { input, subject, coverage, denial } }: ResultFileClaims,
): Choice | string {
  const candidates = recordings.flatMap((read) =>
    splitRecording(read.recording).map((part): Candidate => ({ ...part, read, digest: sha256(encodeRecording(part.recording)) })),
  );
  if (input !== null) {
    const found = candidates.find(({ digest }) => equalBytes(digest, input.recordingDigest));
    if (found !== undefined) return { ...found, match: "same" };
    const given = candidates.map(({ digest }) => toHex(digest)).join(", ") || "none";
    return `not the recording that was analysed: the result names ${toHex(input.recordingDigest)}, read was ${given}; files must be given as they were submitted, all of the subject's`;
  }
  const fitting = candidates.filter(({ recording }) => {
    if (subject !== null && recording.subject !== subject) return false;
    return coverage === null || denial !== null || coversAlike(recording, coverage);
  });
  const [only] = fitting;
  if (only === undefined) return "not the recording that was analysed: its times or its subject are others than those of the result";
  if (fitting.length > 1)
    throw new UsageError(
      `${fitting.length} recordings fit, and the result does not disclose which was analysed`,
      "give the files of one subject with --recording",
    );
  return { ...only, match: "not-disclosed" };
}

/** Whether a recording begins and ends as the coverage says, to the second: what no digest shows can still be refuted. */
function coversAlike({ channels }: Recording, { fromMs, toMs }: { fromMs: number; toMs: number }): boolean {
  const spans = channels.flatMap(({ startMs, timing, samples }) => {
    if (samples.length === 0) return [];
    const lengthMs =
      timing.kind === "rate" ? Math.ceil((samples.length * 1000 * timing.denominator) / timing.numerator) : (timing.offsetsMs.at(-1) ?? 0);
    return [{ fromMs: startMs, toMs: startMs + lengthMs }];
  });
  const from = Math.min(...spans.map((span) => span.fromMs));
  const to = Math.max(...spans.map((span) => span.toMs));
  return Math.abs(from - fromMs) < 1000 && Math.abs(to - toMs) < 1000;
}

function sha256(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash("sha256").update(bytes).digest());
}
