import {
  decodeApproved,
  decodeStatement,
  decodeStatusList,
  equalBytes,
  MAX_STATUS_LIST_SECONDS,
  toHex,
  type DecodedStatement,
  type SigningPublicKey,
  type StatusList,
} from "@caladrius/wire";
import { sha256 } from "@noble/hashes/sha2.js";
import { verifyApprovals, type Quorum } from "../release/quorum.ts";
import type { SignatureBackend } from "../signatures/backend.ts";
import { StatusError } from "./code.ts";
import type { PinnedConstitution } from "./pinned-constitution.ts";
import { indexRevocations, type Revocations } from "./revocations.ts";
import { takesBack } from "./takes-back.ts";

declare const verified: unique symbol;

/** A status list that a status key of the constitution signed. Only `verifyStatusList` makes one; it may have expired. */
export interface VerifiedStatusList {
  readonly [verified]: true;
  readonly list: StatusList;
  /** what was signed */
  readonly payload: Uint8Array;
  readonly revocations: Revocations;
  /** the approvals beside it, counted by the constitution's rule for lists that take something back */
  readonly quorum: Quorum;
}

/** What a status list is judged against. */
export interface StatusListContext extends PinnedConstitution {
  /** Unix ms, the latest that it may be now */
  readonly nowMs: number;
  /** the newest list that is known: an older one is refused then; null where nothing is remembered */
  readonly before: VerifiedStatusList | null;
}

/**
 * Verifies a status list: signed by a status key, under this constitution, good for at most 24 hours, not issued in the
 * future. Against the one known before: not older, not another one of the same number, not signed by a key that is
 * revoked there, and it takes nothing back. The last two pass with the approvals of the constitution's quorum `status`,
 * in which keys that the list before revokes do not count.
 *
 * Whether it has expired is `requireCurrent`'s question: a list that has still revokes what it names.
 *
 * @param file the statement with its approvals (`encodeApproved`), attacker-controlled
 * @throws StatusError status-list-*; WireError, LimitError
 */
export async function verifyStatusList(
  file: Uint8Array,
  { constitution, constitutionDigest, nowMs, before }: StatusListContext,
  signatures: SignatureBackend,
): Promise<VerifiedStatusList> {
  const { statement, approvals } = decodeApproved(file);
  const decoded = decodeStatement(statement, "status-list");
  const signer = await findSigner(decoded, constitution.statusKeys, signatures);
  const { payload } = decoded;
  const list = decodeStatusList(payload);
  if (!equalBytes(list.constitutionDigest, constitutionDigest))
    throw new StatusError("status-list-constitution", { expected: toHex(constitutionDigest), actual: toHex(list.constitutionDigest) });
  refuseWindow(list, nowMs);
  refuseOlder({ list, payload }, before);
  const revokedKeys = before?.revocations.keysAt(nowMs) ?? new Set<string>();
  const quorum = await verifyApprovals(
    { kind: "status-list", statement, constitution, constitutionDigest, approvals, revokedKeys },
    signatures,
  );
  if (!quorum.ok && before !== null && !equalBytes(payload, before.payload)) {
    const thumbprint = toHex(sha256(signer.key));
    if (revokedKeys.has(thumbprint)) throw new StatusError("status-list-key-revoked", { actual: `key ${thumbprint}` });
    if (takesBack(before.list, list))
      throw new StatusError("status-list-quorum", {
        expected: quorum.missing.map(({ role, threshold, counted }) => `${threshold - counted} more of role ${role}`).join(", "),
      });
  }
  return { list, payload: new Uint8Array(payload), revocations: indexRevocations(list), quorum } as VerifiedStatusList;
}

/**
 * @param atMs Unix ms, the latest that it may be
 * @throws StatusError status-list-expired when the list is over at that time
 */
export function requireCurrent({ list: { expiresAt } }: VerifiedStatusList, atMs: number): void {
  if (!(atMs <= expiresAt * 1000))
    throw new StatusError("status-list-expired", { expected: `not after ${iso(expiresAt * 1000)}`, actual: iso(atMs) });
}

async function findSigner(
  { alg, toBeSigned, signature }: DecodedStatement,
  keys: readonly SigningPublicKey[],
  signatures: SignatureBackend,
): Promise<SigningPublicKey> {
  const verify = alg === "Ed25519" ? signatures.verifyEd25519 : signatures.verifyEs256;
  for (const key of keys) if (key.alg === alg && (await verify.call(signatures, key.key, toBeSigned, signature)) === true) return key;
  throw new StatusError("status-list-signature");
}

function refuseWindow({ issuedAt, expiresAt }: StatusList, nowMs: number): void {
  const seconds = expiresAt - issuedAt;
  if (seconds <= 0 || seconds > MAX_STATUS_LIST_SECONDS)
    throw new StatusError("status-list-window", { expected: `1 to ${MAX_STATUS_LIST_SECONDS} s`, actual: `${seconds} s` });
  if (!(issuedAt * 1000 <= nowMs + MAX_SKEW_MS))
    throw new StatusError("status-list-window", { expected: `issued by ${iso(nowMs)}`, actual: iso(issuedAt * 1000) });
}

function refuseOlder({ list, payload }: Pick<VerifiedStatusList, "list" | "payload">, before: VerifiedStatusList | null): void {
  if (before === null) return;
  const numbers = { expected: `at least ${before.list.number}`, actual: `${list.number}` };
  if (list.number < before.list.number) throw new StatusError("status-list-older", numbers);
  if (list.number === before.list.number && !equalBytes(payload, before.payload)) throw new StatusError("status-list-number", numbers);
}

/** For people; a time that is none is told as it is. */
function iso(ms: number): string {
  return Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : `${ms} ms`;
}

/** Clocks of whoever signs a list and of whoever reads it may differ by this much. */
const MAX_SKEW_MS = 120_000;
