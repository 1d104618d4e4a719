import { createHash } from "node:crypto";
import { readConsent, signGrant } from "@caladrius/client";
import type { Arguments } from "../arguments.ts";
import { about, EXIT, UsageError, type ExitCode } from "../exit.ts";
import { readLimited, refuseExisting, writeWhole } from "../files.ts";
import { readApproverKey } from "../fleet/approver-key.ts";
import { grantObject, issuersTerms, printGrant } from "../grants/terms.ts";
import { readVerifyingKey } from "../keys.ts";
import type { Terminal } from "../print.ts";
import { sayWhatIsWrong } from "./grant-new.ts";

/** A grant that allows exactly what a consent permits, or none. */
export async function run(args: Arguments, terminal: Terminal): Promise<ExitCode> {
  const [out, force] = [args.text("out"), args.flag("force")];
  if (!force) await refuseExisting(out);
  const offset = args.optional("offset");
  if (offset !== null && !/^(Z|[+-]\d\d:\d\d)$/.test(offset)) throw new UsageError("--offset must be Z or such as +01:00");
  const file = args.inputs[0] ?? "";
  const bytes = await readLimited(file, MAX_BYTES);
  const actor = args.optional("actor");
  const consent = await about(file, () => readConsent(bytes, { actor, purposes: args.many("purpose"), offset }));
  const issuer = await readApproverKey(args.text("issuer-key"));
  const holder = await readVerifyingKey(args.text("holder"));
  const { statement, grant } = sayWhatIsWrong(() => signGrant({ ...consent, ...issuersTerms(args), holder }, issuer));
  await writeWhole(out, statement, { force });
  const digest = new Uint8Array(createHash("sha256").update(statement).digest());
  terminal.object({ out, from: file, ...grantObject(grant, digest) });
  printGrant(grant, digest, terminal);
  terminal.line(`wrote ${out}, made from ${file}: level, uses, ward and detectors are your own decision`);
  return EXIT.ok;
}

const MAX_BYTES = 1024 * 1024;
