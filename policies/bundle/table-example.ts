/** Table tests that hold for `policy new --example`. Members that begin with "//" are comments. */
export const TABLE_EXAMPLE = `{
  "//": "What the bundle must say to jobs like these. expect: allow, deny (for whatever reason), or a code of docs/ERRORS.md, Denials.",
  "//defaults": "Without principal, action, resource: somebody analyses somebody's recording. Without levels: findings.",
  "tests": [
    {
      "name": "care needs no grant, and may pass everything on",
      "context": { "purpose": "TREAT", "levels": ["full", "full"], "channels": ["loinc:8867-4"] },
      "expect": "allow"
    },
    {
      "name": "care goes on while a status list is late",
      "context": { "purpose": "TREAT", "statusStale": true },
      "expect": "allow"
    },
    {
      "name": "research without a grant",
      "context": { "purpose": "HRESCH" },
      "expect": "denied-grant-missing"
    },
    {
      "name": "a grant by nobody whom the bundle names",
      "context": { "purpose": "HPAYMT", "grant": { "issuer": "somebody", "purposes": ["HPAYMT"] } },
      "expect": "denied-grant"
    },
    {
      "name": "marketing is no purpose",
      "principal": "0000000000000000000000000000000000000000000000000000000000000000",
      "action": "analyse",
      "resource": { "subject": "p-17", "ward": "icu" },
      "context": { "purpose": "HMARKT" },
      "expect": "denied-purpose"
    },
    {
      "name": "a detector that nobody allowed",
      "context": { "purpose": "TREAT", "detectors": ["discord"] },
      "expect": "denied-detector"
    },
    {
      "name": "a device that nobody registered",
      "context": { "purpose": "TREAT", "device": { "name": null } },
      "expect": "denied-device-unknown"
    }
  ]
}
`;
