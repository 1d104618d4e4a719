import { signatures } from "@caladrius/attestation-verifier/signatures";
import { whoReadsEverything } from "@caladrius/policies/words";
import { decodeApproval, decodeFleetEpoch, decodePasskeyApproval, decodeStatement, MAX_FLEET_EPOCH_BYTES } from "@caladrius/wire";
import type { Arguments } from "../arguments.ts";
import { about, EXIT, type ExitCode } from "../exit.ts";
import { readLimited } from "../files.ts";
import { readConstitution } from "../fleet/deployment.ts";
import { FleetError } from "../fleet/errors.ts";
import { printEpoch } from "../fleet/print.ts";
import { missingWords, readRecord, verifyRecord } from "../fleet/record.ts";
import { styled, type Terminal } from "../print.ts";

/** What an epoch's file says and, with the constitution, whether an enclave of it would serve it. */
export async function run(args: Arguments, terminal: Terminal): Promise<ExitCode> {
  const file = args.inputs[0] ?? "";
  const bytes = await readLimited(file, MAX_FLEET_EPOCH_BYTES);
  const epoch = await about(file, () => decodeFleetEpoch(bytes), "epoch of a fleet");
  const { record } = await about(file, () => readRecord(epoch));
  const constitution = args.optional("constitution");
  const quorum =
    constitution === null
      ? null
      : await about(file, async () => (await verifyRecord(epoch, await readConstitution(constitution, signatures), signatures)).quorum);
  const state = stateAt(record, Date.now() / 1000);
  terminal.object({
    file,
    status: quorum === null ? "unverified" : quorum.ok ? "complete" : "incomplete",
    state,
    ...record,
    approvals: epoch.approvals.map(claimed),
    approvedBy: quorum?.approvedBy ?? null,
    missing: quorum?.missing ?? null,
    readsEverything: whoReadsEverything(record.wrapped.map(({ keyArn }) => keyArn)),
  });
  if (quorum === null) terminal.line([styled("yellow", "not verified: --constitution F verifies signatures and quorum")]);
  printEpoch(record, terminal);
  terminal.line(`state      ${state}, by this machine's clock`);
  for (const { person, role } of quorum?.approvedBy ?? epoch.approvals.map(claimed))
    terminal.line(`approved   ${person}, ${role}${quorum === null ? " (not verified)" : ""}`);
  if (quorum?.ok === true)
    terminal.line([styled("green", "complete"), "   an enclave of this constitution serves it while it is in force"]);
  if (quorum?.ok === false) {
    const problem = new FleetError("fleet-quorum", missingWords(quorum));
    terminal.line([styled("red", "incomplete"), ` ${problem.message}`]);
    return EXIT.contraindicated;
  }
  return EXIT.ok;
}

function stateAt({ notBefore, notAfter }: { notBefore: number; notAfter: number }, now: number): "early" | "in force" | "ended" {
  if (now < notBefore) return "early";
  return now < notAfter ? "in force" : "ended";
}

/** Who an approval says it is by: a statement, or what a passkey signed. */
function claimed(approval: Uint8Array): { person: string; role: string } {
  for (const payloadOf of [payloadOfStatement, payloadOfPasskey]) {
    try {
      const { person, role } = decodeApproval(payloadOf(approval));
      return { person, role };
    } catch {
      // not of this form
    }
  }
  return { person: "no approval", role: "unreadable" };
}

const payloadOfStatement = (bytes: Uint8Array): Uint8Array => decodeStatement(bytes, "approval").payload;
const payloadOfPasskey = (bytes: Uint8Array): Uint8Array => decodePasskeyApproval(bytes).approval;
