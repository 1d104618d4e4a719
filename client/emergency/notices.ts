import {
  appraise,
  rememberSignatures,
  requireConstitution,
  verifyEvidence,
  verifyIdentity,
  type SignatureBackend,
  type TrustSettings,
} from "@caladrius/attestation-verifier";
import { createSignatures } from "@caladrius/attestation-verifier/signatures";
import {
  decodeEmergency,
  decodeNotice,
  decodeResultClaims,
  decodeResultFile,
  decodeSealedReply,
  decodeStatement,
  equalBytes,
  noticeInfo,
  toHex,
  unpad,
  type Emergency,
  type Identity,
  type NoticeEvent,
} from "@caladrius/wire";
import type { HostClient } from "../host/client.ts";
import type { SubmitterKey } from "../keys.ts";

/** A notice that an enclave signed which the trust file accepts. */
export interface VerifiedNotice extends Omit<NoticeEvent, "emergency"> {
  /** hex */
  readonly bootId: string;
  /** counts within the boot */
  readonly number: number;
  readonly emergency: Emergency;
}

/** What an auditor knows of one boot. */
export interface AuditedBoot {
  /** hex */
  readonly bootId: string;
  /** in the order of their numbers, each once */
  readonly notices: readonly VerifiedNotice[];
  /** numbers below the highest that is known which no notice has */
  readonly missing: readonly number[];
  /** uses that the notices tell of */
  readonly uses: number;
  /** the most uses that any result at hand counts, null where none is of this boot */
  readonly countedUses: number | null;
  /** a number is missing, or a result counts more uses than notices tell of: a notice was withheld */
  readonly withheld: boolean;
}

/** What an auditor knows. */
export interface Audit {
  readonly boots: readonly AuditedBoot[];
  /** sealed to this auditor and of no enclave that could be verified */
  readonly unverified: number;
  /** results that do not verify under the trust file */
  readonly refused: number;
  /** boots that the host shows evidence of and the trust file does not accept: no notice of theirs is verified */
  readonly foreignBoots: number;
  /** sealed notices that were fetched, of every auditor */
  readonly fetched: number;
}

export interface AuditOptions {
  readonly host: Pick<HostClient, "boots" | "notices">;
  /** must pin PCR16 in every set */
  readonly trust: TrustSettings;
  /** whose sealing key is one of the constitution's auditor keys */
  readonly key: SubmitterKey;
  /** result files, whose count of uses the notices must come up to */
  readonly results: readonly Uint8Array[];
  readonly signatures?: SignatureBackend;
  readonly onProgress?: (fetched: number) => void;
}

/**
 * Fetches an auditor's notices, opens and verifies them, and finds what was withheld: by numbers that are missing, and by
 * results that count more uses. What happened last in a boot shows by such a result alone.
 * @throws SubmitError host-answer, host-refused; DependencyError; ConfigurationError of the trust file
 */
export async function auditNotices({ host, trust, key, results, signatures, onProgress }: AuditOptions): Promise<Audit> {
  requireConstitution(trust);
  const backend = rememberSignatures(signatures ?? createSignatures());
  const known = new Map<string, Identity>();
  let refused = 0;
  const learn = async (one: { evidence: Uint8Array; identity: Uint8Array }): Promise<Identity | null> => {
    try {
      const mode = { kind: "archived", atMs: null, nonce: null } as const;
      const evidence = await verifyEvidence(one.evidence, { anchors: trust.anchors, mode, signatures: backend });
      const { identity } = verifyIdentity(appraise(evidence, trust), one.identity);
      known.set(toHex(identity.bootId), identity);
      return identity;
    } catch {
      return null;
    }
  };
  let foreignBoots = 0;
  for (const boot of await host.boots()) if ((await learn(boot)) === null) foreignBoots += 1;
  const counted = new Map<string, number>();
  for (const bytes of results) {
    const uses = await countedUses(bytes, learn, backend);
    if (uses === null) refused += 1;
    else counted.set(uses.bootId, Math.max(counted.get(uses.bootId) ?? 0, uses.uses));
  }

  const notices = new Map<string, Map<number, VerifiedNotice>>([...known.keys(), ...counted.keys()].map((id) => [id, new Map()]));
  const constitutions = [...new Map([...known.values()].map(({ constitutionDigest: digest }) => [toHex(digest), digest])).values()];
  let [fetched, unverified] = [0, 0];
  for await (const sealed of pages(host)) {
    fetched += 1;
    onProgress?.(fetched);
    const statement = await openNotice(sealed, key, constitutions);
    if (statement === null) continue; // another auditor's
    const notice = await verifyNotice(statement, known, backend);
    if (notice === null) unverified += 1;
    else if (notice !== "nothing") notices.get(notice.bootId)?.set(notice.number, notice);
  }
  const boots = [...notices].map(([bootId, told]) => auditBoot(bootId, told, counted.get(bootId) ?? null));
  return { boots, unverified, refused, foreignBoots, fetched };
}

function auditBoot(bootId: string, told: ReadonlyMap<number, VerifiedNotice>, countedUses: number | null): AuditedBoot {
  const notices = [...told.values()].toSorted((a, b) => a.number - b.number);
  const highest = notices.at(-1)?.number ?? 0;
  const missing = highest - notices.length > MOST_MISSING ? [] : numbersTo(highest).filter((number) => !told.has(number));
  const uses = Math.max(0, ...notices.map((notice) => notice.uses));
  const withheld = notices.length < highest || uses < (countedUses ?? 0);
  return { bootId, notices, missing, uses, countedUses, withheld };
}

async function countedUses(
  bytes: Uint8Array,
  learn: (one: { evidence: Uint8Array; identity: Uint8Array }) => Promise<Identity | null>,
  signatures: SignatureBackend,
): Promise<{ bootId: string; uses: number } | null> {
  try {
    const file = decodeResultFile(bytes);
    const identity = await learn(file);
    if (identity === null) return null;
    const { payload, toBeSigned, signature } = decodeStatement(file.result, "result");
    if ((await signatures.verifyEd25519(identity.resultKey, toBeSigned, signature)) !== true) return null;
    return { bootId: toHex(identity.bootId), uses: decodeResultClaims(payload).emergencyUses };
  } catch {
    return null;
  }
}

async function* pages(host: AuditOptions["host"]): AsyncGenerator<Uint8Array> {
  for (let after = 0; ;) {
    const page = await host.notices(after);
    for (const { sealed } of page) yield sealed;
    const last = page.at(-1)?.number ?? 0;
    if (last <= after) return;
    after = last;
  }
}

async function openNotice(sealed: Uint8Array, key: SubmitterKey, constitutions: readonly Uint8Array[]): Promise<Uint8Array | null> {
  for (const digest of constitutions) {
    try {
      return unpad(await key.open({ ...decodeSealedReply(sealed), info: noticeInfo(digest), aad: NOTHING }));
    } catch {
      // of another deployment, or for another auditor
    }
  }
  return null;
}

async function verifyNotice(
  statement: Uint8Array,
  known: ReadonlyMap<string, Identity>,
  signatures: SignatureBackend,
): Promise<VerifiedNotice | "nothing" | null> {
  try {
    const { alg, payload, toBeSigned, signature } = decodeStatement(statement, "notice");
    const { bootId, number, event } = decodeNotice(payload);
    const identity = known.get(toHex(bootId));
    if (identity === undefined || alg !== "Ed25519") return null;
    if ((await signatures.verifyEd25519(identity.resultKey, toBeSigned, signature)) !== true) return null;
    if (event === null) return "nothing";
    const emergency = decodeEmergency(decodeStatement(event.emergency, "emergency").payload);
    return equalBytes(emergency.bootId, bootId) ? { ...event, emergency, bootId: toHex(bootId), number } : null;
  } catch {
    return null;
  }
}

function numbersTo(highest: number): number[] {
  return Array.from({ length: highest }, (_, i) => i + 1);
}

const NOTHING: Uint8Array = new Uint8Array(0);
/** More gaps than that are no list to read. */
const MOST_MISSING = 1000;
