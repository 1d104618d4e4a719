import { decodeGrantFile } from "@caladrius/client";
import type { Arguments } from "../arguments.ts";
import { about, EXIT, type ExitCode } from "../exit.ts";
import { readLimited } from "../files.ts";
import { grantObject, printGrant } from "../grants/terms.ts";
import { styled, type Terminal } from "../print.ts";

/** What a grant says, in words. */
export async function run(args: Arguments, terminal: Terminal): Promise<ExitCode> {
  const file = args.inputs[0] ?? "";
  const bytes = await readLimited(file, MAX_GRANT_BYTES);
  const { grant, digest } = await about(file, () => decodeGrantFile(bytes));
  terminal.object({ file, verified: false, ...grantObject(grant, digest) });
  printGrant(grant, digest, terminal);
  terminal.line([styled("yellow", "not verified"), ": `caladrius grant verify` says who signed it, and whether it may be used now"]);
  return EXIT.ok;
}

/** Larger grants are refused unread. */
export const MAX_GRANT_BYTES = 8192;
