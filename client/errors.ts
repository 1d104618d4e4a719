/** One entry per code with which the client itself refuses; what the verifier and wire refuse keeps their codes. */
export const CLIENT_CODE = {
  "key-file-form": { stage: "keys", spec: "ARCHITECTURE §11", meaning: "the key file is not one of this program's" },
  "key-file-permissions": { stage: "keys", spec: "ARCHITECTURE §11", meaning: "the key file can be read or written by others" },
  "public-key-form": {
    stage: "keys",
    spec: "ARCHITECTURE §11",
    meaning: "the file is no public key of Ed25519 or P-256 that this program reads",
  },
  "grant-form": { stage: "grant", spec: "deployment.cddl", meaning: "the file is no grant" },
  "grant-holder": {
    stage: "grant",
    spec: "RFC 8747 §3.1",
    meaning: "the grant was given to another key: submit with that one, or ask its issuer for another grant",
  },
  "grant-subject": {
    stage: "grant",
    spec: "ARCHITECTURE §7",
    meaning: "no grant that was given is for the recording's subject: submit with one that is; no use was taken",
  },
  "grant-used-up": { stage: "grant", spec: "ARCHITECTURE §7", meaning: "every use of the grant was spent: ask its issuer for another" },
  "grant-signature": { stage: "grant", spec: "RFC 9052 §4.4", meaning: "the grant is not signed by an issuer that was named" },
  "grant-window": { stage: "grant", spec: "ARCHITECTURE §7", meaning: "the grant may not be used at this time" },
  "consent-form": { stage: "grant", spec: "FHIR R4 Consent", meaning: "the file is no Consent in JSON" },
  "consent-inexact": {
    stage: "grant",
    spec: "FHIR R4 Consent",
    meaning: "the consent says something that a grant cannot say exactly: nothing is made of it, as a grant must not allow more",
  },
  "ticket-form": { stage: "grant", spec: "RFC 7515 §7.1", meaning: "the file is no SMART Permission Ticket: a compact JWS over JSON" },
  "ticket-signature": {
    stage: "grant",
    spec: "RFC 7515 §5.2",
    meaning: "the ticket is not signed by the issuer whose key was given, in a way that is read here",
  },
  "ticket-claims": {
    stage: "grant",
    spec: "RFC 7519 §4.1",
    meaning: "the ticket is of another issuer, for another audience or holder, or not for this time",
  },
  "ticket-inexact": {
    stage: "grant",
    spec: "SMART Permission Tickets (draft), access constraints",
    meaning: "the ticket says something that a grant cannot say exactly: nothing is made of it, as a grant must not allow more",
  },
  "emergency-denied": {
    stage: "grant",
    spec: "ARCHITECTURE §7",
    meaning: "the enclave denied what was asked about an emergency; docs/ERRORS.md has the code",
  },
  "emergency-form": {
    stage: "reply",
    spec: "ARCHITECTURE §7",
    meaning: "the answer about an emergency is none, or not an enclave's to be trusted",
  },
  "sign-in-token": { stage: "sign-in", spec: "RFC 6749 §4.4", meaning: "no access token that the host takes can be had" },
  "sign-in-url": {
    stage: "sign-in",
    spec: "RFC 6750 §5.3",
    meaning: "an access token travels over https alone, or to this machine",
  },
  "receipt-form": { stage: "reply", spec: "ARCHITECTURE §4", meaning: "the file is no receipt of a recipient's reply" },
  "host-url": { stage: "host", spec: "RFC 3986", meaning: "the host's address is not an http or https URL without credentials" },
  "host-unreachable": { stage: "host", spec: "ARCHITECTURE §11", meaning: "the host does not answer" },
  "host-busy": { stage: "host", spec: "RFC 6585 §4", meaning: "the host keeps asking to try again later" },
  "host-refused": { stage: "host", spec: "RFC 9457", meaning: "the host refused the request" },
  "host-answer": { stage: "host", spec: "OpenAPI", meaning: "the host's answer is not what the interface promises" },
  "fleet-not-trusted": {
    stage: "seal",
    spec: "ARCHITECTURE §6",
    meaning: "the keys belong to a fleet, and the trust file does not say so",
  },
  "fleet-missing": {
    stage: "seal",
    spec: "ARCHITECTURE §6",
    meaning: "the trust file asks for the keys of a fleet, and the host gave the keys of one boot",
  },
  "kms-key-arn": { stage: "kms", spec: "ARCHITECTURE §6", meaning: "the KMS key is not named by its full ARN" },
  "kms-endpoint": { stage: "kms", spec: "ARCHITECTURE §6", meaning: "the address of KMS is not an https URL without credentials" },
  "kms-data-key": {
    stage: "kms",
    spec: "ARCHITECTURE §6",
    meaning: "KMS gave no data key; whoever submits looks after credentials and address, whoever administers the key after its policy",
  },
  "kms-key-refused": {
    stage: "kms",
    spec: "ARCHITECTURE §6",
    meaning: "the host says that the enclave takes no jobs under this KMS key: the policy bundle does not list it, or the host lies",
  },
  "suite-missing": { stage: "seal", spec: "RFC 9180", meaning: "the enclave offers no key of a suite that is wanted" },
  "job-cannot-open": {
    stage: "job",
    spec: "ARCHITECTURE §4",
    meaning: "the host says that the enclave could not open the sealed job: it was changed on the way, or the host lies",
  },
  "job-lost": { stage: "job", spec: "ARCHITECTURE §11", meaning: "the host keeps losing the job that it accepted" },
  "job-late": { stage: "job", spec: "ARCHITECTURE §11", meaning: "no result came before the job's end" },
  "reseal-limit": { stage: "job", spec: "ARCHITECTURE §6", meaning: "the host keeps asking to seal again" },
  "reply-form": {
    stage: "reply",
    spec: "ARCHITECTURE §4",
    meaning: "the sealed reply is not of the form and size that this job's must have",
  },
  "reply-open": { stage: "reply", spec: "RFC 9180", meaning: "the sealed reply does not open: it is not for this key and this job" },
  "output-exists": { stage: "output", spec: "ARCHITECTURE §11", meaning: "the result file exists already and is not overwritten" },
} as const;

/** Why the client refused; stable across versions. */
export type ClientCode = keyof typeof CLIENT_CODE;

/** Submitting did not succeed. The message names the check and holds nothing of the recording. */
export class SubmitError extends Error {
  override readonly name = "SubmitError";
  readonly code: ClientCode;
  readonly stage: string;
  readonly spec: string;
  /** what was found this time: of emergency-denied the enclave's code */
  readonly detail: string | null;
  constructor(code: ClientCode, detail: string | null = null) {
    super(sentence(code, detail));
    this.detail = detail;
    this.code = code;
    this.stage = CLIENT_CODE[code].stage;
    this.spec = CLIENT_CODE[code].spec;
  }
}

/** The table's meaning, and what was found this time. */
export function sentence(code: ClientCode, detail: string | null): string {
  return detail === null ? CLIENT_CODE[code].meaning : `${CLIENT_CODE[code].meaning}: ${detail}`;
}
