import type { EnclaveErrorName } from "@caladrius/wire";

/** What each refusal of an enclave means, and who acts. The enclave itself sends a number and nothing more. */
export const ENCLAVE_REFUSAL: Readonly<Record<EnclaveErrorName, string>> = Object.freeze({
  "not-booted": "the enclave was not booted yet; the host boots it when it connects",
  "already-booted": "the enclave was booted before; one that should boot otherwise has to be started again",
  "boot-refused":
    "what was handed over does not verify and the enclave has ended; the operator brings constitution, bundle and approvals that belong together",
  "unknown-message": "the enclave is of a version that does not know this message; the operator runs host and image of one release",
  "malformed-message": "the bytes are outside the grammar; whoever made them acts",
  "unknown-key": "the enclave does not have the key: it is gone, its epoch is not served, or the bundle does not list the KMS key",
  "job-expired": "the job's end has passed; its sender seals it again",
  "dependency-failed": "the NSM did not answer; it is tried again",
  "time-unknown": "the enclave has not read a time from its NSM yet; it is tried again",
  "no-kms": "the constitution names no KMS; a deployment with fleets or data keys needs one that does",
  "status-list-refused":
    "the status list is not signed for this deployment, too old or too new, or takes something back without the quorum; whoever holds the status key issues another",
  overloaded: "the enclave has as much to do as it takes on; it is tried again",
  internal: "a bug in the enclave; please report it",
  "no-fleet": "the enclave serves no epoch of a fleet at the moment",
  "kms-credentials":
    "the enclave has no credentials for KMS, they have ended, or KMS does not know them; the operator looks after --kms-credentials",
  "kms-unreachable": "KMS cannot be reached under the constitution's TLS roots; the operator looks after --kms-listen and the network",
  "kms-denied":
    "KMS refuses this enclave; whoever administers the KMS key compares its policy with image, constitution, fleet and role, or enables the key: the audit log names the key",
  "kms-throttled": "KMS asks to come back later; it is tried again",
  "kms-answer-refused":
    "what answers in KMS's place does not answer for this key and enclave; the operator and whoever administers the KMS key find out who answers",
  "fleet-record-refused":
    "the record is not signed by the constitution's quorum, is of another deployment or fleet, or is not in force yet; its approvers act (`caladrius fleet show` says what is missing)",
  "fleet-keys-differ":
    "KMS gave other keys than the quorum approved: somebody replaced them; security looks into it, and a new epoch is made",
  "fleet-epoch-ended": "the epoch is over; its approvers approve the next one",
});
