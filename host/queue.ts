/** Where a job stands. `running` is not durable: after a restart the job is `accepted` again. The last four are final. */
export type JobState = "accepted" | "running" | "answered" | "cannot-open" | "reseal" | "expired";

/** Every state, in the order a job may take them. */
export const JOB_STATES: readonly JobState[] = ["accepted", "running", "answered", "cannot-open", "reseal", "expired"];

/** What anyone may know of a job. */
export interface JobView {
  /** 32 lower-case hex digits: the 16 bytes of the clear header */
  id: string;
  state: JobState;
  /** size of the sealed job */
  bytes: number;
  acceptedAtMs: number;
  finishedAtMs: number | null;
  /** Unix seconds, of the clear header */
  notAfter: number;
  /** sealed replies that can be fetched; 0 until answered */
  replies: number;
}

/** A sealed job as it came in, with the clear header's fields that the queue keeps. */
export interface NewJob {
  id: string;
  keyId: Uint8Array;
  /** SHA-256 of `sealed` */
  digest: Uint8Array;
  notAfter: number;
  sealed: Uint8Array;
  /** whom the quota counts; a queue keeps it in no readable form */
  client: string;
  /** open jobs that this client may have; absent: as many as any */
  mostOpen?: number;
}

/** How a submission ended. `deleteToken` is the same each time: whoever holds the sealed bytes may delete the job. */
export type Submission =
  | { kind: "accepted" | "known"; job: JobView; deleteToken: string }
  | { kind: "conflict" }
  | { kind: "quota" }
  | { kind: "full" };

/** A job handed to one worker; nobody else gets it until it is released. */
export interface ClaimedJob {
  id: string;
  /** SHA-256 of `sealed` */
  digest: Uint8Array;
  sealed: Uint8Array;
}

/** How a job ended. */
export type Outcome =
  | { state: "answered"; status: Uint8Array; replies: readonly Uint8Array[]; notices?: readonly Uint8Array[] }
  | { state: "cannot-open"; status: Uint8Array | null; notices?: readonly Uint8Array[] }
  | { state: "reseal" }
  | { state: "expired" };

/** A sealed notice as the host keeps it. */
export interface KeptNotice {
  /** counts on this host from 1 */
  number: number;
  /** place in the constitution's auditors */
  auditor: number;
  sealed: Uint8Array;
}

/** Sealed notices that came with answers, the newest ones, and who the enclaves were. */
export interface NoticeBox {
  /** Those after a number, oldest first; null for all auditors. */
  read(after: number, auditor: number | null, most: number): Promise<KeptNotice[]>;
  /** Keeps an enclave's attestation, the first of each boot. */
  keepBoot(bootId: Uint8Array, attestation: Uint8Array): Promise<void>;
  /** Attestations as they came, oldest first. */
  boots(): Promise<Uint8Array[]>;
}

/**
 * The port behind which jobs are kept: `node:sqlite` on one machine (store/), a work queue with acknowledgement and
 * redelivery in a fleet. Every promise that says a job was accepted or finished resolves after that is durable.
 */
export interface JobQueue {
  /** Takes a job once. The same bytes again are `known`, other bytes under the id a `conflict`. */
  submit(job: NewJob): Promise<Submission>;
  find(id: string): Promise<JobView | null>;
  /** Whether a client submitted this job, or whoever asks names SHA-256 of its sealed bytes; null for who does not. */
  isOf(id: string, client: string, digest: Uint8Array | null): Promise<boolean>;
  /** The enclave's outer status statement, once answered or not openable. */
  readStatus(id: string): Promise<Uint8Array | null>;
  /** The sealed reply for one recipient, counted from 0. */
  readReply(id: string, recipient: number): Promise<Uint8Array | null>;
  /** Hands out the oldest job that nobody works on, now `running`; null when there is none. */
  claim(): Promise<ClaimedJob | null>;
  readonly notices: NoticeBox;
  /** Ends a claimed job; its notices are kept whatever became of it. False when it was removed meanwhile or has ended: then nothing changes. */
  finish(id: string, outcome: Outcome): Promise<boolean>;
  /** Gives a claimed job back, to be handed out again after `delayMs`. */
  release(id: string, delayMs: number): void;
  /** Hands out jobs that were given back without waiting for the rest of their delay. */
  hurry(ids: Iterable<string>): void;
  /** Forgets a job and everything stored with it. */
  remove(id: string, deleteToken: string): Promise<"removed" | "unknown" | "wrong-token">;
  /** Ends open jobs whose notAfter passed and forgets finished ones whose retention is over. */
  sweep(): Promise<void>;
  /** Jobs by state, finished ones within their retention. */
  counts(): Record<JobState, number>;
  /** Calls `listener` after each change of state, removal excepted. Returns how to stop that. */
  watch(listener: (id: string, state: JobState) => void): () => void;
  /** Calls `listener` when there may be a job to claim. Returns how to stop that. */
  onReady(listener: () => void): () => void;
  close(): Promise<void>;
}
