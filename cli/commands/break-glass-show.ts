import type { Arguments } from "../arguments.ts";
import { PlainDesk } from "../emergency/desk.ts";
import { readHost } from "../emergency/host.ts";
import { printEmergency } from "../emergency/print.ts";
import { EXIT, type ExitCode } from "../exit.ts";
import { openExistingKey } from "../keys.ts";
import { tellRetries } from "../outcomes.ts";
import type { Terminal } from "../print.ts";

/** Shows how the emergencies stand that a submitter's key opened. */
export async function run(args: Arguments, terminal: Terminal): Promise<ExitCode> {
  const stop = new AbortController();
  const desk = new PlainDesk({
    ...(await readHost(args)),
    key: await openExistingKey(args.text("key")),
    purpose: args.optional("purpose") ?? "ETREAT",
    signal: stop.signal,
    onRetry: tellRetries(terminal),
  });
  try {
    const known = await desk.list();
    for (const one of known) printEmergency(one, terminal);
    if (known.length === 0) terminal.line("no emergency of this key; an enclave that was restarted remembers none");
    return EXIT.ok;
  } finally {
    stop.abort();
  }
}
