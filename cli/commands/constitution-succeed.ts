import { signatures } from "@caladrius/attestation-verifier/signatures";
import type { Arguments } from "../arguments.ts";
import { EXIT, type ExitCode } from "../exit.ts";
import { readConstitution } from "../fleet/deployment.ts";
import { printConstitution } from "../policy/print.ts";
import { changesFor, measured, printChanges } from "../policy/succession.ts";
import { toHex } from "@caladrius/wire";
import type { Terminal } from "../print.ts";
import { foundConstitution } from "./constitution-new.ts";

/** Makes the successor of a constitution, and lists what has to change with it. */
export async function run(args: Arguments, terminal: Terminal): Promise<ExitCode> {
  const path = args.text("predecessor");
  const old = await readConstitution(path, signatures);
  const next = await foundConstitution(args, terminal, { number: old.constitution.number + 1, predecessor: old.digest });
  const changes = await changesFor(args, old, next);
  const { pcr16 } = measured(next);
  terminal.object({ out: args.text("out"), digest: next.digest, pcr16, constitution: next.constitution, changes });
  printConstitution(next.constitution, { digest: toHex(next.digest), pcr16 }, terminal);
  printChanges(changes, terminal);
  terminal.line();
  terminal.line(`wrote ${args.text("out")}: the approvers of ${path} decide on it with \`caladrius constitution approve\``);
  return EXIT.ok;
}
