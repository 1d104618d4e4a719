import {
  encodeOuterStatus,
  encodeReplyContent,
  encodeResultClaims,
  encodeSealedReply,
  encodeStatement,
  LEVEL_NAMES,
  padReply,
  replyInfo,
  replyRoom,
  RESULT_PROFILE,
  type DisclosureLevel,
  type JobReply,
  type NoticeEvent,
  type OuterStatus,
} from "@caladrius/wire";
import type { CurrentIdentity, Enclave } from "../boot/boot.ts";
import type { TimeInterval } from "../boot/clock.ts";
import { sha256 } from "../crypto.ts";
import { seal } from "../open/hpke.ts";
import type { OpenedJob } from "../open/open-job.ts";
import type { Disclosures, EncodedDisclosure } from "./disclosures.ts";

/** Signs the one result of a job and seals a reply to each recipient; the host gets an outer status beside them. */
export function attestResult(
  enclave: Enclave,
  job: OpenedJob,
  disclosures: Disclosures,
  interval: TimeInterval,
  { statusStale, breakGlass, event }: { statusStale: boolean; breakGlass: boolean; event: NoticeEvent | null },
): JobReply {
  const result = encodeStatement(
    "result",
    "Ed25519",
    encodeResultClaims({
      profile: RESULT_PROFILE,
      iat: seconds(interval),
      nonce: job.request.nonce,
      interval,
      identityDigest: job.identity.digest,
      jobDigest: job.jobDigest,
      constitutionDigest: enclave.constitutionDigest,
      policy: { digest: enclave.policyDigest, version: enclave.bundle.policyVersion },
      statusListVersion: enclave.status.list.number,
      flags: { breakGlass, statusStale, statusFresh: enclave.status.fresh },
      emergencyUses: enclave.emergencies.uses,
      disclosureDigests: disclosures.digests,
    }),
    enclave.resultKey.sign,
  );
  const replies = job.recipients.map(({ key, level }) => {
    const content = replyContent(job.identity, result, disclosures.items, level, job.header.paddedBytes);
    const sealed = seal(key, { info: replyInfo(job.jobDigest), aad: NOTHING, plaintext: content });
    return encodeSealedReply(sealed);
  });
  return {
    status: outerStatus(enclave, {
      jobDigest: job.jobDigest,
      replyDigests: replies.map(sha256),
      state: "answered",
      iat: seconds(interval),
    }),
    replies,
    notices: enclave.notices.next(event),
  };
}

/** The answer to a sealed job that opens to nothing: no reply, since nobody is known who could read one. */
export function attestCannotOpen(enclave: Enclave, jobDigest: Uint8Array, interval: TimeInterval): JobReply {
  return {
    status: outerStatus(enclave, { jobDigest, replyDigests: [], state: "cannot-open", iat: seconds(interval) }),
    replies: [],
    notices: enclave.notices.next(null),
  };
}

function outerStatus(enclave: Enclave, status: OuterStatus): Uint8Array {
  return encodeStatement("status", "Ed25519", encodeOuterStatus(status), enclave.resultKey.sign);
}

/**
 * The padded content of one reply: what the level discloses, as much of it as fits. What does not fit counts as
 * withheld, which a verifier shows; the alarm summary stands first and always fits.
 */
function replyContent(
  identity: CurrentIdentity,
  result: Uint8Array,
  items: readonly EncodedDisclosure[],
  level: DisclosureLevel,
  jobPaddedBytes: number,
): Uint8Array {
  const common = { version: 1, result, identity: identity.bytes, evidence: identity.evidence.document };
  let room = replyRoom(level, jobPaddedBytes) - result.length - common.identity.length - common.evidence.length - HEADS_BYTES;
  const fitting: Uint8Array[] = [];
  for (const { name, onlyFor, bytes } of items) {
    if (onlyFor !== null && onlyFor !== level) continue;
    if (!LEVEL_NAMES[level].includes(name) || bytes.length + BYTES_HEAD_BYTES > room) continue;
    fitting.push(bytes);
    room -= bytes.length + BYTES_HEAD_BYTES;
  }
  return padReply(encodeReplyContent({ ...common, disclosures: fitting }), level, jobPaddedBytes);
}

function seconds(interval: TimeInterval): number {
  return Math.ceil(interval.toMs / 1000);
}

const NOTHING: Uint8Array = new Uint8Array(0);
/** Room for the keys and heads of a reply's map and arrays: more than they take. */
const HEADS_BYTES = 96;
const BYTES_HEAD_BYTES = 5;
