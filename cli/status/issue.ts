import { StatusError } from "@caladrius/attestation-verifier/governance";
import { saysTheSame } from "@caladrius/policies/status";
import { signatures } from "@caladrius/attestation-verifier/signatures";
import { encodeApproved, encodeStatement, encodeStatusList, equalBytes, type Constitution, type StatusList } from "@caladrius/wire";
import type { Arguments } from "../arguments.ts";
import { UsageError } from "../exit.ts";
import { writeWhole } from "../files.ts";
import { readApproverKey, type ApproverKey } from "../fleet/approver-key.ts";
import { readConstitution, type Founded } from "../fleet/deployment.ts";
import { missingWords } from "../release/print.ts";
import { styled, type Terminal } from "../print.ts";
import { readStatusFile, verifyBytes, verifyStatusFile } from "./file.ts";
import { bootNonceOf, publish, worstOf } from "./publish.ts";
import type { ExitCode } from "../exit.ts";

/** What the commands share that make the next list from the last one. */
export interface Issuing {
  /** the next list, from the last one; equal to it in what it says: nothing is written */
  next: (
    last: StatusList,
    context: { founded: Founded; nowSeconds: number; bootNonce: Uint8Array | null },
  ) => Promise<StatusList> | StatusList;
  /** a list that says the same is wanted all the same, for its date or its nonce */
  renews?: boolean;
  /** whether it may take something back: it is then a draft for approvals, never written over the last one */
  takesBack?: boolean;
}

/**
 * Makes the next list of a file, signs it with a status key, holds it against the last one as enclaves will, writes it
 * and hands it to hosts. Without --out it takes the file's place: hosts that watch the file have it at once.
 */
export async function issue(args: Arguments, terminal: Terminal, { next, renews = false, takesBack = false }: Issuing): Promise<ExitCode> {
  const path = args.inputs[0] ?? "";
  const founded = await readConstitution(args.text("constitution"), signatures);
  const key = await readStatusKey(args.text("key"), founded.constitution);
  const last = await readStatusFile(path);
  const before = await verifyStatusFile(last, founded, null);
  const hosts = args.many("host");
  const bootNonce = args.flag("fresh") ? await bootNonceOf(hosts) : args.hex("nonce", 32, 32);
  const nowSeconds = Math.floor(Date.now() / 1000);
  const list = await next(last.list, { founded, nowSeconds, bootNonce });
  const out = args.optional("out") ?? path;
  const ownFile = out === path;
  if (saysTheSame(list, last.list) && !renews && bootNonce === null) {
    const published = await publish(last.bytes, hosts, terminal);
    terminal.object({ file: path, changed: false, number: last.list.number, complete: true, missing: [], published });
    terminal.line(`unchanged: ${path}, number ${last.list.number}, says that already`);
    return worstOf(published);
  }
  const bytes = sign(list, key);
  const { quorum } = await verifyBytes(bytes, founded, null);
  const needsApprovals = await refused(() => verifyBytes(bytes, founded, before));
  if (needsApprovals && !takesBack) await verifyBytes(bytes, founded, before); // says what is wrong
  await writeWhole(out, bytes, { force: ownFile || args.flag("force") });
  const published = needsApprovals ? [] : await publish(bytes, hosts, terminal);
  const missing = needsApprovals ? quorum.missing : [];
  terminal.object({ file: out, changed: true, number: list.number, complete: !needsApprovals, missing, published });
  terminal.line(`${out}: number ${list.number}, good until ${new Date(list.expiresAt * 1000).toISOString()}`);
  if (needsApprovals)
    terminal.line([
      styled("yellow", "approvals missing"),
      `  ${missingWords(missing)}: \`caladrius status approve ${out}\`, then \`caladrius status publish\``,
    ]);
  return worstOf(published);
}

/** A list's bytes, signed, without approvals. */
export function sign(list: StatusList, { publicKey, sign: by }: ApproverKey): Uint8Array {
  return encodeApproved({ statement: encodeStatement("status-list", publicKey.alg, encodeStatusList(list), by), approvals: [] });
}

/** A private key that may sign status lists. @throws UsageError for a key that the constitution does not name for it */
export async function readStatusKey(path: string, { statusKeys }: Constitution): Promise<ApproverKey> {
  const key = await readApproverKey(path);
  const { alg, key: raw } = key.publicKey;
  if (!statusKeys.some((one) => one.alg === alg && equalBytes(one.key, raw)))
    throw new UsageError(
      `${path} is not among the constitution's ${statusKeys.length} status keys`,
      "approvers' keys sign no status lists",
    );
  return key;
}

async function refused(work: () => Promise<unknown>): Promise<boolean> {
  try {
    await work();
    return false;
  } catch (error) {
    if (error instanceof StatusError && error.code === "status-list-quorum") return true;
    throw error;
  }
}
