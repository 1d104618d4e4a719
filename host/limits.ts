/** What the host takes on; each default with its reason. */
export interface HostLimits {
  /** requests of one address within a minute */
  requestsPerMinute: number;
  /** live attestations (with a nonce) of one address within a minute: each costs the enclave an NSM call */
  attestationsPerMinute: number;
  /** status lists of one address within a minute: each newer one costs the enclave a signature */
  statusListsPerMinute: number;
  /** pages of notices of one address within a minute: each is large, and nobody signs in for it */
  noticePagesPerMinute: number;
  /** accepted or running jobs of one address */
  openJobsPerClient: number;
  /** bytes of sealed jobs and replies in the store */
  storedBytes: number;
  /** bytes of request bodies in memory at one time */
  intakeBytes: number;
  /** how long a whole request may take to arrive */
  requestMs: number;
  /** how long a body may pause */
  bodyIdleMs: number;
  /** how far the host may fall behind with its own work before it refuses more */
  loopDelayMs: number;
  /** open connections, and open event streams among them */
  connections: number;
  eventStreams: number;
  /** how long replies are kept, and how long a job may stay open whatever its notAfter says */
  retentionMs: number;
  /** sealed notices in the store, of all auditors together */
  notices: number;
  /** jobs, and their bytes, handed to the enclave at one time */
  jobsInFlight: number;
  bytesInFlight: number;
  /** how long the enclave may take for an answer */
  enclaveMs: number;
  /** how long running jobs may take to end when the host stops */
  drainMs: number;
  /** the enclave's connections to KMS at one time; how long one may take to come about, and to be silent */
  kmsConnections: number;
  kmsConnectMs: number;
  kmsIdleMs: number;
}

const MIB = 1024 * 1024;
const DAY_MS = 24 * 60 * 60 * 1000;

/** Values for one machine and a few hundred submitters. */
export const DEFAULT_LIMITS: Readonly<HostLimits> = Object.freeze({
  requestsPerMinute: 6000, // 100 a second: a ward that submits and polls, not a flood
  attestationsPerMinute: 120, // a client needs one before it seals
  statusListsPerMinute: 60, // an authority issues one in hours, or in minutes when something happens
  noticePagesPerMinute: 300, // an auditor reads all that is kept with 65
  openJobsPerClient: 1024, // a folder of recordings at once
  storedBytes: 16 * 1024 * MIB,
  intakeBytes: 256 * MIB, // eight of the largest jobs
  requestMs: 120_000, // 32 MiB over 2.5 Mbit/s
  bodyIdleMs: 15_000,
  loopDelayMs: 1000, // a client that is told to come again waits less than one that is not answered
  connections: 2048,
  eventStreams: 512,
  retentionMs: 7 * DAY_MS,
  notices: 4096, // 55 MB; each repeats one of the last 64 events, so that an auditor who asks now and then misses none
  jobsInFlight: 16, // keeps the enclave busy while answers are stored
  bytesInFlight: 64 * MIB, // two of the largest jobs
  enclaveMs: 120_000,
  drainMs: 10_000,
  kmsConnections: 32, // an enclave holds a connection or two
  kmsConnectMs: 5_000,
  kmsIdleMs: 120_000, // KMS itself closes idle connections after some minutes
});
