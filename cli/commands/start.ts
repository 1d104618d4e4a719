import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { verifyResultFile } from "@caladrius/attestation-verifier";
import { signatures } from "@caladrius/attestation-verifier/signatures";
import { submit } from "@caladrius/client";
import { writeSampleFiles } from "@caladrius/client/samples";
import type { Arguments } from "../arguments.ts";
import { EXIT, UsageError, worst, type ExitCode } from "../exit.ts";
import { makeFolder } from "../files.ts";
import { readAll } from "../inputs.ts";
import { startLocal, untilAsked } from "../local.ts";
import { countLine, outcomeExit, printOutcomes, tellProgress } from "../outcomes.ts";
import { styled, type Terminal } from "../print.ts";
import { printSimulator, simulatorEvents, warningsTo } from "../tell.ts";
import { readTrustFile } from "../trust.ts";

/** The main job end to end on this machine: everything it needs is made in a temporary folder and removed. */
export async function run(args: Arguments, terminal: Terminal): Promise<ExitCode> {
  const folder = await mkdtemp(join(tmpdir(), "caladrius-start-"));
  const stop = new AbortController();
  void untilAsked().then((signal) => stop.abort(new UsageError(`stopped by ${signal}`)));
  try {
    return await demonstrate(args, terminal, folder, stop.signal);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function demonstrate(args: Arguments, terminal: Terminal, folder: string, signal: AbortSignal): Promise<ExitCode> {
  const out = args.optional("out");
  if (out !== null) await makeFolder(out);
  terminal.line([
    styled(
      "bold",
      "Sealed vital signs, through a host that nobody trusts, into a measured enclave, and back as results that anyone can check.",
    ),
  ]);
  terminal.line("Not a medical device.");
  const samples = args.inputs.length === 0;
  const inputs = samples ? await writeSampleFiles(join(folder, "samples")) : args.inputs;
  const { recordings, exit, notRead } = await readAll(inputs, terminal);
  terminal.line(
    `input      ${recordings.length} recordings${samples ? " that a physiological model made, with scripted episodes: nobody's data" : ""}`,
  );
  if (recordings.length === 0) return finish(0, exit === EXIT.ok ? EXIT.malformed : exit, terminal, 0, notRead);

  const local = await startLocal({ data: join(folder, "data"), port: 0, logger: warningsTo(terminal), events: simulatorEvents(terminal) });
  try {
    signal.throwIfAborted();
    printSimulator(local.simulator, terminal);
    terminal.line(`host       ${local.url}: sees ciphertext, sizes and times`);
    terminal.line();
    const trust = await readTrustFile(local.simulator.trust);
    const outcomes = await submit(recordings, {
      hostUrl: local.url,
      trust,
      outDir: out ?? join(folder, "results"),
      force: args.flag("force"),
      signal,
      onProgress: (progress) => tellProgress(progress, terminal),
    });
    printOutcomes(out === null ? outcomes.map((outcome) => ({ ...outcome, path: null })) : outcomes, terminal);
    terminal.line();
    // What was written is verified once more from the file alone, as whoever receives it would.
    const judged = await Promise.all(
      outcomes.map(async ({ path }) =>
        path === null ? null : verifyResultFile(new Uint8Array(await readFile(path)), trust, {}, signatures),
      ),
    );
    const accepted = judged.filter((verdict) => verdict !== null && verdict.status !== "contraindicated");
    const [first] = accepted;
    if (first !== undefined && first !== null) {
      terminal.line(`verdict    ${first.status}, as ${first.sentence}`);
      terminal.line(`           not checked: ${first.notChecked.join(", ")}`);
    }
    return finish(accepted.length, worst(outcomes.map((outcome) => outcomeExit(outcome, false))), terminal, outcomes.length, notRead);
  } finally {
    await local.close();
  }
}

function finish(verified: number, exit: ExitCode, terminal: Terminal, total: number, notRead: number): ExitCode {
  terminal.object({ verified, of: total, notRead });
  terminal.line(countLine(verified, total, notRead));
  return exit === EXIT.ok && (total === 0 || verified < total) ? EXIT.contraindicated : exit;
}
