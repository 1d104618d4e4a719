import { createInterface } from "node:readline/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { signatures } from "@caladrius/attestation-verifier/signatures";
import { EmergencyDesk, type KnownEmergency } from "@caladrius/client";
import { toHex } from "@caladrius/wire";
import { passkeySigner, readSigner } from "../approval/signer.ts";
import type { Arguments } from "../arguments.ts";
import { PlainDesk } from "../emergency/desk.ts";
import { readHost } from "../emergency/host.ts";
import { readAskingKey } from "../emergency/keys.ts";
import { printEmergency } from "../emergency/print.ts";
import { EXIT, UsageError, type ExitCode } from "../exit.ts";
import { readLimited } from "../files.ts";
import { readConstitution } from "../fleet/deployment.ts";
import { untilAsked } from "../local.ts";
import { tellRetries } from "../outcomes.ts";
import type { Terminal } from "../print.ts";

/** Shows an approver what waits for their role, asks them about it, and carries their answer. */
export async function run(args: Arguments, terminal: Terminal): Promise<ExitCode> {
  const [id, word] = [args.hex("id", 16, 16), args.oneOf("answer", ["grant", "refuse"])];
  const approvalPath = args.optional("approval");
  if ((id === null) !== (word === null)) throw new UsageError("--answer needs the --id of an emergency, and --id an answer");
  const byPasskey = args.flag("passkey");
  if (approvalPath !== null && (word !== "grant" || byPasskey))
    throw new UsageError("--approval goes with --answer grant", "and is given instead of what --passkey would make");
  if (byPasskey && word === "refuse")
    throw new UsageError(
      "a passkey signs approvals alone, and refuses nothing",
      "leave it unanswered, or refuse with a key file that the constitution names for you beside the passkey",
    );
  const host = await readHost(args);
  const founded = await readConstitution(args.text("constitution"), signatures);
  const signer = byPasskey ? passkeySigner(args, founded, terminal) : await readSigner(args, founded, terminal);
  const { approver } = signer;
  const given = approvalPath === null ? null : await readLimited(approvalPath, MAX_APPROVAL_BYTES);
  const stop = new AbortController();
  const desk = new PlainDesk({
    ...host,
    key: await readAskingKey(args.text("key")),
    purpose: args.optional("purpose") ?? "ETREAT",
    signal: stop.signal,
    onRetry: tellRetries(terminal),
  });
  const answer = async (known: KnownEmergency, granted: boolean): Promise<void> => {
    const approval = granted ? (given ?? (await signer.approve("emergency", known.statement, { signal: stop.signal }))) : null;
    printEmergency(await desk.answer(known, approval), terminal);
  };

  try {
    if (id !== null) {
      const known = (await desk.list()).find(({ emergency }) => toHex(emergency.id) === toHex(id));
      if (known === undefined) throw new UsageError(`no emergency ${toHex(id)} waits for ${approver.role} there`);
      // An approval that is brought as a file is of whoever signed it, not of this key.
      const before = given === null ? known.answers.find(({ person }) => person === approver.person) : undefined;
      if (before !== undefined) {
        printEmergency(known, terminal);
        return answeredBefore(before, word === "grant", terminal);
      }
      await answer(known, word === "grant");
      return EXIT.ok;
    }
    const asked = untilAsked().then(() => stop.abort());
    terminal.note(`connected as ${approver.person}, ${approver.role}; Ctrl-C ends it`);
    await watch(desk, { answer, question: byPasskey ? BY_PASSKEY : BY_KEY }, stop.signal, terminal);
    await asked;
    return EXIT.ok;
  } finally {
    stop.abort();
  }
}

/** The enclave takes a person's first answer alone: the same one again changes nothing, another one does not count. */
function answeredBefore({ person, role, granted }: KnownEmergency["answers"][number], grants: boolean, terminal: Terminal): ExitCode {
  const said = `${person}, ${role} has ${granted ? "granted" : "refused"} it already`;
  terminal.note(granted === grants ? `unchanged: ${said}` : `not taken: ${said}, and the first answer counts`);
  return granted === grants ? EXIT.ok : EXIT.contraindicated;
}

/** Shows each emergency once; on a terminal it asks. Elsewhere the answer is given by another call with --id. */
async function watch(
  desk: EmergencyDesk,
  { answer, question }: { answer: (known: KnownEmergency, granted: boolean) => Promise<void>; question: string },
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
        const granted = terminal.isJson || !process.stdin.isTTY ? null : await ask(question, signal);
        if (granted !== null) await answer(known, granted).catch((error: unknown) => terminal.note((error as Error).message));
      }
      await sleep(POLL_MS, undefined, { signal });
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

/** @returns null for no answer at all */
async function ask(question: string, signal: AbortSignal): Promise<boolean | null> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const said = (await lines.question(question, { signal })).trim().toLowerCase();
    return said === "y" || said === "yes" ? true : question === BY_KEY && (said === "n" || said === "no") ? false : null;
  } finally {
    lines.close();
  }
}

const BY_KEY = "grant it? y = yes, n = refuse, anything else = neither: ";
const BY_PASSKEY = "look at it on the page, to grant it there? y = yes, anything else leaves it unanswered: ";
const POLL_MS = 1000;
const MAX_APPROVAL_BYTES = 4096;
