import { createHash } from "node:crypto";
import { signGrant } from "@caladrius/client";
import { WireError } from "@caladrius/wire";
import type { Arguments } from "../arguments.ts";
import { EXIT, UsageError, type ExitCode } from "../exit.ts";
import { refuseExisting, writeWhole } from "../files.ts";
import { readApproverKey } from "../fleet/approver-key.ts";
import { grantObject, issuersTerms, printGrant } from "../grants/terms.ts";
import { readVerifyingKey } from "../keys.ts";
import type { Terminal } from "../print.ts";

/** A grant by the issuer's own word. */
export async function run(args: Arguments, terminal: Terminal): Promise<ExitCode> {
  const [out, force] = [args.text("out"), args.flag("force")];
  if (!force) await refuseExisting(out);
  const purposes = args.many("purpose");
  if (purposes.length === 0) throw new UsageError("--purpose is missing: say at least one HL7 v3 PurposeOfUse code, such as HRESCH");
  const channels = args.many("channel");
  const strange = channels.find((code) => !/^(loinc|mdc):[0-9A-Za-z-]{1,32}$/.test(code));
  if (strange !== undefined) throw new UsageError(`--channel ${JSON.stringify(strange)} is no code of a channel, such as loinc:8867-4`);
  const until = args.instant("until");
  if (until === null) throw new UsageError("--until is missing: a grant ends");
  const issuer = await readApproverKey(args.text("issuer-key"));
  const terms = {
    ...issuersTerms(args),
    holder: await readVerifyingKey(args.text("holder")),
    subject: args.text("subject"),
    purposes: [...new Set(purposes)],
    channels: channels.length === 0 ? null : [...new Set(channels)],
    notBefore: secondsFrom(args.instant("from")),
    notAfter: Math.floor(until / 1000),
    samples: samplesOf(args),
    source: { kind: "direct", digest: null },
  } as const;
  const { statement, grant } = sayWhatIsWrong(() => signGrant({ ...terms, purposes: [...terms.purposes] }, issuer));
  await writeWhole(out, statement, { force });
  const digest = new Uint8Array(createHash("sha256").update(statement).digest());
  terminal.object({ out, ...grantObject(grant, digest) });
  printGrant(grant, digest, terminal);
  terminal.line(`wrote ${out}: its holder submits with --grant ${out}; the bundle must name this issuer`);
  return EXIT.ok;
}

/** Terms that the format does not have come from the command line here. */
export function sayWhatIsWrong<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (error instanceof WireError) throw new UsageError(`no grant says that: ${error.message}`);
    throw error;
  }
}

/** Rounded into the window that was asked for; now is the second that runs. */
function secondsFrom(ms: number | null): number {
  return ms === null ? Math.floor(Date.now() / 1000) : Math.ceil(ms / 1000);
}

function samplesOf(args: Arguments): { fromMs: number; toMs: number } | null {
  const [fromMs, toMs] = [args.instant("samples-from"), args.instant("samples-to")];
  if (fromMs === null && toMs === null) return null;
  if (fromMs === null || toMs === null) throw new UsageError("--samples-from and --samples-to belong together");
  return { fromMs, toMs };
}
