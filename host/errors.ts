/** One entry per code the host can answer with or start up with: where it arises, the rule behind it, what it means. */
export const HOST_CODE = {
  "request-invalid": { stage: "http", spec: "OpenAPI", meaning: "The request does not fit the interface description." },
  "route-unknown": { stage: "http", spec: "OpenAPI", meaning: "There is nothing under this method and path." },
  "media-type": { stage: "http", spec: "RFC 9110 §15.5.16", meaning: "This content type is not taken here." },
  "length-required": { stage: "http", spec: "RFC 9110 §15.5.12", meaning: "A job must come with Content-Length." },
  "body-aborted": { stage: "http", spec: "RFC 9112 §8", meaning: "The body ended before its Content-Length." },
  "body-timeout": { stage: "http", spec: "RFC 9110 §15.5.9", meaning: "The request did not arrive in time." },
  "body-too-large": { stage: "http", spec: "RFC 9110 §15.5.14", meaning: "The body is larger than a sealed job may be." },
  "header-too-large": { stage: "http", spec: "RFC 6585 §5", meaning: "The header fields are larger than this host reads." },
  "rate-limit": { stage: "http", spec: "RFC 6585 §4", meaning: "Too many requests from this address." },
  busy: { stage: "http", spec: "RFC 9110 §15.6.4", meaning: "The host has as much to do as it takes on." },
  draining: { stage: "http", spec: "RFC 9110 §15.6.4", meaning: "The host is about to stop and takes no new jobs." },
  internal: { stage: "http", spec: "RFC 9110 §15.6.1", meaning: "The host failed; this is a bug." },
  "job-malformed": { stage: "jobs", spec: "job.cddl", meaning: "The body is not a sealed job." },
  "job-conflict": { stage: "jobs", spec: "ARCHITECTURE §11", meaning: "Other bytes are known under this job id." },
  "job-not-after": { stage: "jobs", spec: "ARCHITECTURE §4", meaning: "The job's notAfter has passed." },
  "job-unknown": { stage: "jobs", spec: "ARCHITECTURE §11", meaning: "No job with this id is known." },
  "job-quota": { stage: "jobs", spec: "limits", meaning: "This address has too many open jobs." },
  "job-cannot-open": { stage: "jobs", spec: "ARCHITECTURE §4", meaning: "The enclave could not open the job; its signed status says so." },
  "job-reseal": {
    stage: "jobs",
    spec: "ARCHITECTURE §6",
    meaning: "The key the job was sealed to is gone: verify new evidence and seal again.",
  },
  "job-expired": { stage: "jobs", spec: "ARCHITECTURE §11", meaning: "The job was not computed before its notAfter." },
  "recipient-unknown": { stage: "jobs", spec: "ARCHITECTURE §4", meaning: "The job has no reply for this recipient." },
  "token-missing": { stage: "jobs", spec: "RFC 6750 §3", meaning: "Deleting a job needs the token that came with its 202." },
  "token-wrong": { stage: "jobs", spec: "RFC 6750 §3.1", meaning: "The token does not belong to this job." },
  "sign-in-missing": { stage: "sign-in", spec: "RFC 6750 §3", meaning: "This host wants an access token." },
  "sign-in-refused": { stage: "sign-in", spec: "RFC 9068 §4", meaning: "The access token does not count here." },
  "sign-in-scope": { stage: "sign-in", spec: "RFC 6750 §3.1", meaning: "The access token does not allow this." },
  "sign-in-unavailable": {
    stage: "sign-in",
    spec: "RFC 9068 §4",
    meaning: "Access tokens cannot be verified now: the authorization server's keys are out of reach.",
  },
  "sign-in-file": { stage: "start", spec: "host", meaning: "The sign-in file cannot be used." },
  "sign-in-keys": { stage: "start", spec: "RFC 7517", meaning: "The sign-in file's keys cannot be read." },
  "store-full": { stage: "store", spec: "limits", meaning: "The job store has reached its limit." },
  "store-unavailable": { stage: "store", spec: "store", meaning: "The job store could not write." },
  "store-locked": { stage: "store", spec: "store", meaning: "Another host runs on this data folder." },
  "store-version": { stage: "store", spec: "store", meaning: "The data folder was written by a newer version." },
  "store-unreadable": { stage: "store", spec: "store", meaning: "The data folder cannot be used." },
  "configuration-bytes": { stage: "start", spec: "host", meaning: "A file given at start is not what it should be." },
  "listen-failed": { stage: "start", spec: "host", meaning: "The host cannot listen where it was told to." },
  "status-list-malformed": { stage: "status", spec: "deployment.cddl", meaning: "The body is no status list of this deployment." },
  "status-list-older": {
    stage: "status",
    spec: "ARCHITECTURE §7",
    meaning: "A newer status list is at hand, or another one of this number.",
  },
  "status-list-refused": { stage: "status", spec: "ARCHITECTURE §7", meaning: "The enclave did not take the status list." },
  "enclave-unavailable": { stage: "relay", spec: "ARCHITECTURE §3", meaning: "The enclave is not connected, or not yet booted." },
  "enclave-timeout": { stage: "relay", spec: "ARCHITECTURE §3", meaning: "The enclave did not answer in time." },
  "enclave-refused": { stage: "relay", spec: "ARCHITECTURE §3", meaning: "The enclave answered with an error." },
  "fleet-none": { stage: "relay", spec: "ARCHITECTURE §6", meaning: "The enclave serves no epoch of a fleet." },
  "fleet-waiting": {
    stage: "relay",
    spec: "ARCHITECTURE §6",
    meaning: "The enclave does not have the fleet's keys yet: it waits for KMS.",
  },
} as const;

/** Why the host refuses; stable across versions. */
export type HostCode = keyof typeof HOST_CODE;

/** The HTTP status of each code; those of the start are never sent. */
export const HTTP_STATUS: Readonly<Record<HostCode, number>> = {
  "request-invalid": 400,
  "route-unknown": 404,
  "media-type": 415,
  "length-required": 411,
  "body-aborted": 400,
  "body-timeout": 408,
  "body-too-large": 413,
  "header-too-large": 431,
  "rate-limit": 429,
  busy: 503,
  draining: 503,
  internal: 500,
  "job-malformed": 400,
  "job-conflict": 409,
  "job-not-after": 422,
  "job-unknown": 404,
  "job-quota": 429,
  "job-cannot-open": 422,
  "job-reseal": 409,
  "job-expired": 410,
  "recipient-unknown": 404,
  "token-missing": 401,
  "token-wrong": 403,
  "sign-in-missing": 401,
  "sign-in-refused": 401,
  "sign-in-scope": 403,
  "sign-in-unavailable": 503,
  "sign-in-file": 503,
  "sign-in-keys": 503,
  "store-full": 507,
  "store-unavailable": 503,
  "store-locked": 503,
  "store-version": 503,
  "store-unreadable": 503,
  "configuration-bytes": 503,
  "listen-failed": 503,
  "status-list-malformed": 400,
  "status-list-older": 409,
  "status-list-refused": 422,
  "enclave-unavailable": 503,
  "enclave-timeout": 504,
  "enclave-refused": 502,
  "fleet-none": 404,
  "fleet-waiting": 503,
};

/** The host says no, in a way that the caller is told: a code of HOST_CODE, a sentence, and when to try again. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly code: HostCode;
  readonly retryAfterMs: number | null;
  constructor(code: HostCode, detail: string, retryAfterMs: number | null = null) {
    super(detail);
    this.code = code;
    this.retryAfterMs = retryAfterMs;
  }
}
