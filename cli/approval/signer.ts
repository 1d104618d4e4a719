import { approvedBytes, encodeApproval, encodeStatement, type Approver } from "@caladrius/wire";
import type { Arguments } from "../arguments.ts";
import { UsageError } from "../exit.ts";
import { readApproverKey } from "../fleet/approver-key.ts";
import type { FoundedFile } from "../fleet/deployment.ts";
import { sha384 } from "../policy/bundle-file.ts";
import type { Terminal } from "../print.ts";
import { approverOfKey, approversByPasskey } from "./approver.ts";
import { askApproval, type PageKind } from "./passkey.ts";

/** Somebody who approves: an entry of a constitution, with the key file or the passkey that it names. */
export interface Signer {
  readonly approver: Approver;
  /** their approval of a statement, now; a passkey is asked on the page, which shows the statement */
  approve(kind: PageKind, statement: Uint8Array, more?: ForThePage): Promise<Uint8Array>;
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
  return path === null ? passkeySigner(args, founded, terminal) : keySigner(args, founded, path);
}

/** The same of --passkey, whatever --key is there for. @throws UsageError */
export function passkeySigner(args: Arguments, founded: FoundedFile, terminal: Terminal): Signer {
  const approver = approversByPasskey(founded.constitution, claimed(args));
  const port = args.optional("port") === null ? null : args.integer("port", 1, 65_535, 0);
  return {
    approver,
    approve: (kind, statement, { previous = null, signal } = {}) =>
      askApproval({ kind, statement, previous, founded, approver, port, ...(signal === undefined ? {} : { signal }) }, terminal),
  };
}

async function keySigner(args: Arguments, { constitution, digest }: FoundedFile, path: string): Promise<Signer> {
  const key = await readApproverKey(path);
  const approver = approverOfKey(constitution, key.publicKey, claimed(args));
  const { person, role } = approver;
  return {
    approver,
    approve(kind, statement) {
      const approved = sha384(approvedBytes(kind, digest, statement));
      const payload = encodeApproval({ kind, digest: approved, person, role, at: Math.floor(Date.now() / 1000) });
      return Promise.resolve(encodeStatement("approval", key.publicKey.alg, payload, (bytes) => key.sign(bytes)));
    },
  };
}

function claimed(args: Arguments): { person: string | null; role: string | null } {
  return { person: args.optional("person"), role: args.optional("role") };
}
