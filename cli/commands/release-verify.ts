import { signatures } from "@caladrius/attestation-verifier/signatures";
import type { Arguments } from "../arguments.ts";
import { EXIT, type ExitCode } from "../exit.ts";
import { readConstitution } from "../fleet/deployment.ts";
import type { Terminal } from "../print.ts";
import { readReleaseFile } from "../release/file.ts";
import { printQuorum, printRelease } from "../release/print.ts";

/** Says who approved a release, and what is missing. */
export async function run(args: Arguments, terminal: Terminal): Promise<ExitCode> {
  const file = args.inputs[0] ?? "";
  const founded = await readConstitution(args.text("constitution"), signatures);
  const { counted } = await readReleaseFile(file, founded);
  const { release, digest, author, quorum } = counted;
  terminal.object({ file, complete: quorum.ok, digest, author, ...release, approvedBy: quorum.approvedBy, missing: quorum.missing });
  printRelease(release, digest, terminal);
  terminal.line(`stated by  ${author.person}, ${author.role}`);
  printQuorum(quorum, terminal);
  return quorum.ok ? EXIT.ok : EXIT.contraindicated;
}
