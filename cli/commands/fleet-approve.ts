import { signatures } from "@caladrius/attestation-verifier/signatures";
import { decodeFleetEpoch, encodeFleetEpoch, equalBytes, MAX_FLEET_EPOCH_BYTES, type FleetEpoch } from "@caladrius/wire";
import { readSigner, type Signer } from "../approval/signer.ts";
import type { Arguments } from "../arguments.ts";
import { about, EXIT, UsageError, type ExitCode } from "../exit.ts";
import { readIfThere, readLimited, writeWhole } from "../files.ts";
import type { ApproverKey } from "../fleet/approver-key.ts";
import { MAX_CANDIDATE_BYTES, verifyCandidate, type VerifiedCandidate } from "../fleet/candidate.ts";
import { readConstitution } from "../fleet/deployment.ts";
import { FleetError } from "../fleet/errors.ts";
import { authorRecord, missingWords, nameOf, refuseForeign, verifyRecord, type Window } from "../fleet/record.ts";
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
  const signer = await readSigner(args, founded, terminal);
  const { person, role } = signer.approver;
  const [notBefore, notAfter] = [seconds(args.instant("not-before")), seconds(args.instant("not-after"))];
  const bytes = await readLimited(file, MAX_CANDIDATE_BYTES);
  const candidate = await about(file, () => verifyCandidate(bytes, trust, signatures));
  refuseForeign(candidate, founded);

  const existing = await readIfThere(out, MAX_FLEET_EPOCH_BYTES);
  const start = notBefore ?? Math.floor(Date.now() / 1000);
  const stated =
    existing === null
      ? authorRecord(candidate, founded, { notBefore: start, notAfter: notAfter ?? start + DEFAULT_SECONDS }, authorKey(signer, out))
      : await about(out, () => sameCandidate(decodeFleetEpoch(existing), candidate));
  const { record, quorum: before } = await about(out, () => verifyRecord(stated, founded, signatures));
  refuseOtherWindow(record, { notBefore, notAfter });
  printEpoch(record, terminal);
  const known = before.approvedBy.some((one) => one.person === person && one.role === role);
  const added = known ? [] : [await signer.approve("fleet-record", stated.record)];
  const approved = { ...stated, approvals: [...stated.approvals, ...added] };
  if (!known) await writeWhole(out, encodeFleetEpoch(approved), { force: true });
  const { quorum } = await verifyRecord(approved, founded, signatures);
  const missing = missingWords(quorum);

  terminal.object({
    out,
    added: !known,
    complete: quorum.ok,
    approvedBy: quorum.approvedBy,
    missing: quorum.missing,
    ...record,
  });
  terminal.line(known ? `unchanged: ${out} has the approval of ${person}, ${role}` : `${out}: approved by ${person}, ${role}`);
  if (quorum.ok)
    terminal.line([styled("green", "complete"), `  hosts take it from their --fleet folder; the enclaves check it themselves`]);
  else
    terminal.line([
      styled("yellow", "still missing"),
      `  ${missing} for ${nameOf(record)}: they run this command on the same candidate and the same ${out}`,
    ]);
  return EXIT.ok;
}

/** The record's own signature is its author's, which no passkey makes. */
function authorKey({ key }: Signer, out: string): ApproverKey {
  if (key !== null) return key;
  throw new UsageError(
    `${out} does not exist, and a passkey states no record: it approves one`,
    "the first approver runs this command with --key",
  );
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
