import type { ApprovableKind } from "@caladrius/attestation-verifier/governance";
import type { Approver } from "@caladrius/wire";
import type { Arguments } from "../arguments.ts";
import { UsageError } from "../exit.ts";
import { readApproverKey, type ApproverKey } from "../fleet/approver-key.ts";
import type { FoundedFile } from "../fleet/deployment.ts";
import type { Terminal } from "../print.ts";
import { approversByPasskey, type Claimed } from "./approver.ts";
import { keySigner } from "./key-signer.ts";
import { askApproval } from "./passkey.ts";

/** Somebody who approves: an entry of a constitution, with the key file or the passkey that it names. */
export interface Signer {
  readonly approver: Approver;
  /** of the key file, which may state what is approved as well; null for a passkey, which signs approvals alone */
  readonly key: ApproverKey | null;
  /** their approval of a statement, now; a passkey is asked on the page, which shows the statement */
  approve(kind: ApprovableKind, statement: Uint8Array, more?: ForThePage): Promise<Uint8Array>;
}

/** What the page needs beside the statement. */
export interface ForThePage {
  /** of a status list: the statement of the list before */
  readonly previous?: Uint8Array | null;
  readonly signal?: AbortSignal;
}

/** Who --key or --passkey means, with --person and --role where the constitution has several. @throws UsageError; as `readApproverKey` */
export async function readSigner(args: Arguments, founded: FoundedFile, terminal: Terminal): Promise<Signer> {
  const path = args.optional("key");
  if ((path === null) !== args.flag("passkey")) throw new UsageError("give either --key or --passkey");
  return path === null ? passkeySigner(args, founded, terminal) : keySigner(await readApproverKey(path), founded, claimed(args));
}

/** The same of --passkey, whatever --key is there for. @throws UsageError */
export function passkeySigner(args: Arguments, founded: FoundedFile, terminal: Terminal): Signer {
  const approver = approversByPasskey(founded.constitution, claimed(args));
  const port = args.optional("port") === null ? null : args.integer("port", 1, 65_535, 0);
  return {
    approver,
    key: null,
    approve: (kind, statement, { previous = null, signal } = {}) =>
      askApproval({ kind, statement, previous, founded, approver, port, ...(signal === undefined ? {} : { signal }) }, terminal),
  };
}

function claimed(args: Arguments): Claimed {
  return { person: args.optional("person"), role: args.optional("role") };
}
