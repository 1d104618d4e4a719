import { signatures } from "@caladrius/attestation-verifier/signatures";
import { decodeFleetEpoch, encodeFleetEpoch, equalBytes, MAX_FLEET_EPOCH_BYTES, type FleetEpoch } from "@caladrius/wire";
import type { Arguments } from "../arguments.ts";
import { about, EXIT, UsageError, type ExitCode } from "../exit.ts";
import { readIfThere, readLimited, writeWhole } from "../files.ts";
import { readApproverKey } from "../fleet/approver-key.ts";
import { MAX_CANDIDATE_BYTES, verifyCandidate, type VerifiedCandidate } from "../fleet/candidate.ts";
import { readConstitution } from "../fleet/deployment.ts";
import { FleetError } from "../fleet/errors.ts";
import {
  approveRecord,
  authorRecord,
  missingWords,
  nameOf,
  refuseForeign,
  refuseStranger,
  verifyRecord,
  type Approving,
  type Window,
} from "../fleet/record.ts";
import { printEpoch } from "../fleet/print.ts";
import { styled, type Terminal } from "../print.ts";
import { readTrustFile } from "../trust.ts";

/** One person's approval of keys for an epoch: the first states the record, the next ones add theirs to the same file. */
export async function run(args: Arguments, terminal: Terminal): Promise<ExitCode> {
  const file = args.inputs[0] ?? "";
  const out = args.text("out");
  if (!out.endsWith(SUFFIX)) throw new UsageError(`--out must end in ${SUFFIX}: a host takes no other file from its folder`);
  const trust = await readTrustFile(args.text("trust"));
  const founded = await readConstitution(args.text("constitution"), signatures);
  const key = await readApproverKey(args.text("key"));
  const approving: Approving = { person: args.text("person"), role: args.text("role"), key, now: Math.floor(Date.now() / 1000) };
  const [notBefore, notAfter] = [seconds(args.instant("not-before")), seconds(args.instant("not-after"))];
  const bytes = await readLimited(file, MAX_CANDIDATE_BYTES);
  const candidate = await about(file, () => verifyCandidate(bytes, trust, signatures));
  refuseForeign(candidate, founded);
  refuseStranger(founded, approving);

  const existing = await readIfThere(out, MAX_FLEET_EPOCH_BYTES);
  const start = notBefore ?? approving.now;
  const stated =
    existing === null
      ? authorRecord(candidate, founded, { notBefore: start, notAfter: notAfter ?? start + DEFAULT_SECONDS }, approving)
      : await about(out, () => sameCandidate(decodeFleetEpoch(existing), candidate));
  const { record, quorum: before } = await about(out, () => verifyRecord(stated, founded, signatures));
  refuseOtherWindow(record, { notBefore, notAfter });
  const approved = approveRecord(stated, founded, approving, before.approvedBy);
  if (approved !== stated) await writeWhole(out, encodeFleetEpoch(approved), { force: true });
  const { quorum } = await verifyRecord(approved, founded, signatures);
  const missing = missingWords(quorum);

  terminal.object({
    out,
    added: approved !== stated,
    complete: quorum.ok,
    approvedBy: quorum.approvedBy,
    missing: quorum.missing,
    ...record,
  });
  printEpoch(record, terminal);
  const person = `${approving.person}, ${approving.role}`;
  terminal.line(approved === stated ? `unchanged: ${out} has the approval of ${person}` : `${out}: approved by ${person}`);
  if (quorum.ok)
    terminal.line([styled("green", "complete"), `  hosts take it from their --fleet folder; the enclaves check it themselves`]);
  else
    terminal.line([
      styled("yellow", "still missing"),
      `  ${missing} for ${nameOf(record)}: they run this command on the same candidate and the same ${out}`,
    ]);
  return EXIT.ok;
}

function sameCandidate(epoch: FleetEpoch, { bytes }: VerifiedCandidate): FleetEpoch {
  if (!equalBytes(epoch.candidate, bytes)) throw new FleetError("fleet-record", "the file is of another candidate");
  return epoch;
}

/** Who approves a record approves its dates: other ones would need another record. */
function refuseOtherWindow(record: Window, { notBefore, notAfter }: { notBefore: number | null; notAfter: number | null }): void {
  const differs = (wanted: number | null, stated: number): boolean => wanted !== null && wanted !== stated;
  if (differs(notBefore, record.notBefore) || differs(notAfter, record.notAfter))
    throw new FleetError("fleet-window", `the record says ${iso(record.notBefore)} to ${iso(record.notAfter)}`);
}

function seconds(ms: number | null): number | null {
  return ms === null ? null : Math.floor(ms / 1000);
}

function iso(unixSeconds: number): string {
  return new Date(unixSeconds * 1000).toISOString();
}

const SUFFIX = ".fleet";
const DEFAULT_SECONDS = 30 * 24 * 3600;
