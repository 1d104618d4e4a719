/** A description to begin with: care needs no grant, research does, payment sees alarms. Members that begin with "//" are comments. */
export const BUNDLE_EXAMPLE = `{
  "//": "What is allowed. Members that begin with // are comments. Paths are relative to this file.",
  "policyVersion": 1,
  "notBefore": "2026-11-21T00:00:00Z",
  "notAfter": "2027-11-21T00:00:00Z",

  "//cedar": "Both must allow a job: the rules of this file, and these policies. Without schema: the one of this build.",
  "cedar": { "policies": "policies.cedar" },

  "//purposes": "HL7 v3 PurposeOfUse codes. Levels: alarm, findings, full; of the submitter, and of further recipients.",
  "purposes": [
    { "code": "TREAT", "care": true, "grantRequired": false, "submitterLevel": "full", "recipientLevel": "full" },
    { "code": "ETREAT", "care": true, "grantRequired": false, "submitterLevel": "full", "recipientLevel": "full" },
    { "code": "HRESCH", "care": false, "grantRequired": true, "submitterLevel": "full", "recipientLevel": "findings" },
    { "code": "HPAYMT", "care": false, "grantRequired": true, "submitterLevel": "findings", "recipientLevel": "alarm" }
  ],

  "//detectors": "A detector that is not named never runs. Without parameters it has its defaults (docs/DETECTORS.md).",
  "detectors": [{ "id": "news2" }, { "id": "thresholds" }, { "id": "ecg-beats" }, { "id": "ecg-rhythm" }],

  "//grantIssuers": "Who may give grants: {\\"name\\": \\"consent office\\", \\"key\\": \\"consent.pub.pem\\"}.",
  "grantIssuers": [],

  "//devices": "registered: {\\"name\\": \\"monitor-7\\", \\"key\\": \\"monitor-7.pub.pem\\", \\"subject\\": null}.",
  "devices": { "registered": [], "unsigned": "accept", "unknown": "deny", "gap": "flag", "replay": "deny" },

  "//breakGlass": "null, or {first: {role: number}, second, escalateSeconds, validSeconds, purposes: [code], level}.",
  "breakGlass": null,

  "//dataKeys": "ARNs of KMS keys under whose data keys jobs may come.",
  "dataKeys": [],

  "//careGraceSeconds": "How long a stale status list still answers purposes of care, at most 72 hours.",
  "careGraceSeconds": 259200,
  "//freshStatus": "Whether all but care needs a status list made for this boot of the enclave.",
  "freshStatus": false,
  "telemetry": null
}
`;
