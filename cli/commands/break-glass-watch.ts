import { createInterface } from "node:readline/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { signatures } from "@caladrius/attestation-verifier/signatures";
import { EmergencyDesk, type KnownEmergency } from "@caladrius/client";
import { toHex } from "@caladrius/wire";
import type { Arguments } from "../arguments.ts";
import { askingKey } from "../emergency/keys.ts";
import { printEmergency } from "../emergency/print.ts";
import { EXIT, UsageError, type ExitCode } from "../exit.ts";
import { readLimited } from "../files.ts";
import { readApproverKey } from "../fleet/approver-key.ts";
import { readConstitution } from "../fleet/deployment.ts";
import { untilAsked } from "../local.ts";
import { tellRetries } from "../outcomes.ts";
import { approve } from "../policy/approval.ts";
import type { Terminal } from "../print.ts";
import { approverOfKey } from "../release/approver.ts";
import { readTrustFile } from "../trust.ts";

/** Shows an approver what waits for their role, asks them about it, and carries their answer. */
export async function run(args: Arguments, terminal: Terminal): Promise<ExitCode> {
  const [id, word] = [args.hex("id", 16, 16), args.oneOf("answer", ["grant", "refuse"])];
  const approvalPath = args.optional("approval");
  if ((id === null) !== (word === null)) throw new UsageError("--answer needs the --id of an emergency, and --id an answer");
  if (approvalPath !== null && word !== "grant") throw new UsageError("--approval goes with --answer grant");
  const trust = await readTrustFile(args.text("trust"));
  const founded = await readConstitution(args.text("constitution"), signatures);
  const key = await readApproverKey(args.text("key"));
  const approver = approverOfKey(founded.constitution, key.publicKey, { person: args.optional("person"), role: args.optional("role") });
  const given = approvalPath === null ? null : await readLimited(approvalPath, MAX_APPROVAL_BYTES);
  const stop = new AbortController();
  const desk = new EmergencyDesk({
    hostUrl: args.text("host"),
    trust,
    key: await askingKey(key),
    purpose: args.optional("purpose") ?? "ETREAT",
    signal: stop.signal,
    onRetry: tellRetries(terminal),
  });
  const answer = async (known: KnownEmergency, granted: boolean): Promise<void> => {
    const approval = granted ? (given ?? approve("emergency", known.statement, founded, approver, key)) : null;
    printEmergency(await desk.answer(known, approval), terminal);
  };

  try {
    if (id !== null) {
      const known = (await desk.list()).find(({ emergency }) => toHex(emergency.id) === toHex(id));
      if (known === undefined) throw new UsageError(`no emergency ${toHex(id)} waits for ${approver.role} there`);
      await answer(known, word === "grant");
      return EXIT.ok;
    }
    const asked = untilAsked().then(() => stop.abort());
    terminal.note(`connected as ${approver.person}, ${approver.role}; Ctrl-C ends it`);
    await watch(desk, answer, stop.signal, terminal);
    await asked;
    return EXIT.ok;
  } finally {
    stop.abort();
  }
}

/** Shows each emergency once; on a terminal it asks. Elsewhere the answer is given by another call with --id. */
async function watch(
  desk: EmergencyDesk,
  answer: (known: KnownEmergency, granted: boolean) => Promise<void>,
  signal: AbortSignal,
  terminal: Terminal,
): Promise<void> {
  const seen = new Set<string>();
  try {
    while (!signal.aborted) {
      for (const known of await desk.list()) {
        const id = toHex(known.emergency.id);
        if (seen.has(id) || known.state !== "waiting") continue;
        seen.add(id);
        printEmergency(known, terminal);
        const granted = terminal.isJson || !process.stdin.isTTY ? null : await ask(signal);
        if (granted !== null) await answer(known, granted).catch((error: unknown) => terminal.note((error as Error).message));
      }
      await sleep(POLL_MS, undefined, { signal });
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

/** @returns null for no answer at all */
async function ask(signal: AbortSignal): Promise<boolean | null> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const said = (await lines.question("grant it? y = yes, n = refuse, anything else = neither: ", { signal })).trim().toLowerCase();
    return said === "y" || said === "yes" ? true : said === "n" || said === "no" ? false : null;
  } finally {
    lines.close();
  }
}

const POLL_MS = 1000;
const MAX_APPROVAL_BYTES = 4096;
