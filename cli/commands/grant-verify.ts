import { thumbprintOf, verifyGrant } from "@caladrius/client";
import { equalBytes, toHex } from "@caladrius/wire";
import type { Arguments } from "../arguments.ts";
import { about, EXIT, UsageError, type ExitCode } from "../exit.ts";
import { readLimited } from "../files.ts";
import { grantObject, printGrant } from "../grants/terms.ts";
import { readVerifyingKey } from "../keys.ts";
import { styled, type Terminal } from "../print.ts";
import { MAX_GRANT_BYTES } from "./grant-show.ts";

/** Whether an issuer that is named signed a grant, and whether it may be used at a time. */
export async function run(args: Arguments, terminal: Terminal): Promise<ExitCode> {
  const paths = args.many("issuer");
  if (paths.length === 0) throw new UsageError("--issuer is missing: the public key of whoever may give this grant");
  const issuers = await Promise.all(paths.map(readVerifyingKey));
  const holder = args.optional("holder");
  const wanted = holder === null ? null : await readVerifyingKey(holder);
  const file = args.inputs[0] ?? "";
  const bytes = await readLimited(file, MAX_GRANT_BYTES);
  const { grant, digest } = await about(file, () => verifyGrant(bytes, issuers, args.instant("at") ?? Date.now(), wanted));
  const path = paths[issuers.findIndex((key) => equalBytes(thumbprintOf(key), grant.issuer))] ?? "";
  terminal.object({ file, verified: true, issuerFile: path, ...grantObject(grant, digest) });
  printGrant(grant, digest, terminal);
  terminal.line([styled("green", "genuine"), `  signed by ${path} (${toHex(grant.issuer).slice(0, 16)}…)`]);
  terminal.line("not checked  whether it was revoked, and which uses were spent: the enclave knows");
  return EXIT.ok;
}
