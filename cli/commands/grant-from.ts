import { createHash } from "node:crypto";
import { parseTicketIssuerKey, readConsent, readTicket, signGrant, type ConsentTerms, type TicketTerms } from "@caladrius/client";
import type { SigningPublicKey } from "@caladrius/wire";
import type { Arguments } from "../arguments.ts";
import { about, EXIT, UsageError, type ExitCode } from "../exit.ts";
import { readLimited, readText, refuseExisting, writeWhole } from "../files.ts";
import { readApproverKey } from "../fleet/approver-key.ts";
import { grantObject, issuersTerms, printGrant } from "../grants/terms.ts";
import { readVerifyingKey } from "../keys.ts";
import type { Terminal } from "../print.ts";
import { sayWhatIsWrong } from "./grant-new.ts";

/** A grant that allows what a consent or a ticket permits, or none. */
export async function run(args: Arguments, terminal: Terminal): Promise<ExitCode> {
  const [out, force] = [args.text("out"), args.flag("force")];
  if (!force) await refuseExisting(out);
  const offset = args.optional("offset");
  if (offset !== null && !/^(Z|[+-]\d\d:\d\d)$/.test(offset)) throw new UsageError("--offset must be Z or such as +01:00");
  const file = args.inputs[0] ?? "";
  const bytes = await readLimited(file, MAX_BYTES);
  const issuer = await readApproverKey(args.text("issuer-key"));
  const holder = await readVerifyingKey(args.text("holder"));
  const permitted = await (args.optional("ticket-issuer") === null ? fromConsent : fromTicket)(args, file, bytes, holder);
  const { statement, grant } = sayWhatIsWrong(() => signGrant({ ...permitted, ...issuersTerms(args), holder }, issuer));
  await writeWhole(out, statement, { force });
  const digest = new Uint8Array(createHash("sha256").update(statement).digest());
  terminal.object({ out, from: file, ...grantObject(grant, digest) });
  printGrant(grant, digest, terminal);
  terminal.line(`wrote ${out}, made from ${file}: level, uses, ward and detectors are your own decision`);
  return EXIT.ok;
}

function fromConsent(args: Arguments, file: string, bytes: Uint8Array): Promise<ConsentTerms> {
  const others = ["iss", "aud", "subject"].filter((name) => args.optional(name) !== null);
  if (others.length > 0) throw new UsageError(`--${others.join(" and --")} belong to a ticket, with --ticket-issuer`);
  if (/^[\w-]+\.[\w-]+\.[\w-]*\s*$/.test(Buffer.from(bytes.subarray(0, MAX_TICKET_BYTES)).toString("latin1")))
    throw new UsageError(`${file} looks like a ticket: say --ticket-issuer, --iss and --aud`);
  const [actor, offset] = [args.optional("actor"), args.optional("offset")];
  return about(file, () => readConsent(bytes, { actor, purposes: args.many("purpose"), offset }));
}

async function fromTicket(args: Arguments, file: string, bytes: Uint8Array, holder: SigningPublicKey): Promise<TicketTerms> {
  const [iss, aud] = [args.optional("iss"), args.optional("aud")];
  if (iss === null || aud === null)
    throw new UsageError("--ticket-issuer needs --iss and --aud: a ticket is of somebody, and for somebody");
  if (args.optional("actor") !== null)
    throw new UsageError("--actor belongs to a consent; a ticket names its holder by the key's thumbprint");
  const keyFile = args.text("ticket-issuer");
  const text = await readText(keyFile, MAX_KEY_BYTES);
  const issuerKey = await about(keyFile, () => parseTicketIssuerKey(text));
  const [subject, offset] = [args.optional("subject"), args.optional("offset")];
  const terms = { issuerKey, iss, aud, holder, nowMs: Date.now(), subject, purposes: args.many("purpose"), offset };
  return about(file, () => readTicket(bytes, terms));
}

const MAX_BYTES = 1024 * 1024;
const MAX_TICKET_BYTES = 65_536;
const MAX_KEY_BYTES = 16 * 1024;
