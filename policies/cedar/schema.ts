/**
 * What this program tells Cedar, as a Cedar schema: a bundle's own schema must fit these requests. There is no time in it:
 * windows, uses and revocations are judged outside Cedar, at every use.
 */
export const CEDAR_SCHEMA = `// who signed the request, by SHA-256 of the raw public key in lower-case hex
entity Submitter;

entity Ward;

// whose recording it is, by pseudonym
entity Subject in [Ward] = {
  ward?: String,
};

// a genuine grant that covers the job and is not revoked
type Grant = {
  // name of the issuer, as the bundle has it
  issuer: String,
  // "direct", "fhir-consent" or "smart-permission-ticket"
  source: String,
  // widest level: "alarm", "findings" or "full"
  level: String,
  // how many uses it has
  uses: Long,
};

// a genuine device's statement over the recording
type Device = {
  registered: Bool,
  // name of a registered one, as the bundle has it
  name?: String,
  // "device-unknown", "device-gap", "device-replay"
  flags: Set<String>,
};

type Job = {
  // HL7 v3 PurposeOfUse code, and whether the bundle marks it as care
  purpose: String,
  care: Bool,
  // that may run, by id
  detectors: Set<String>,
  // channel codes of the recording, such as "loinc:8867-4"
  channels: Set<String>,
  // of all recipients: "alarm", "findings", "full"
  levels: Set<String>,
  recipients: Long,
  statusStale: Bool,
  statusFresh: Bool,
  // under a granted emergency, which stands in for a grant
  breakGlass: Bool,
  grant?: Grant,
  device?: Device,
};

action "analyse", "openEmergency", "listEmergencies", "answerEmergency" appliesTo {
  principal: Submitter,
  resource: Subject,
  context: Job,
};
`;
