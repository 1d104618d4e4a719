/** A description to begin with: two roles that must agree, and nobody who decides alone. Members that begin with "//" are comments. */
export const CONSTITUTION_EXAMPLE = `{
  "//": "What a deployment is founded on. Members that begin with // are comments. Paths are relative to this file.",
  "name": "St. Example, vital signs",
  "notBefore": "2026-11-21T00:00:00Z",
  "notAfter": "2031-11-21T00:00:00Z",

  "approvers": [
    { "//": "A key: a PEM file with a PUBLIC key (openssl pkey -in private.pem -pubout), Ed25519 or P-256.",
      "person": "ada", "role": "hospital", "key": "ada.pub.pem" },
    { "person": "ben", "role": "hospital", "key": "ben.pub.pem" },
    { "person": "cyn", "role": "hospital", "key": "cyn.pub.pem" },
    { "person": "dan", "role": "vendor", "key": "dan.pub.pem" },
    { "//": "Of a passkey: what \`caladrius approver new\` prints, as it is: alg, key in hex, and where it may sign.",
      "person": "eve", "role": "vendor", "key": "eve.pub.pem", "passkey": null }
  ],

  "quorums": {
    "//": "How many persons of which role. A person counts once, in one role, whatever keys and roles they have.",
    "bundle": { "hospital": 2 },
    "release": { "hospital": 1, "vendor": 1 },
    "fleet": { "hospital": 1, "vendor": 1 },
    "succession": { "hospital": 2, "vendor": 1 },
    "status": { "hospital": 2 }
  },

  "statusKeys": ["status.pub.pem"],

  "//auditorKeys": "They get notices of emergencies: {\\"suite\\": \\"X25519\\", \\"publicKey\\": hex}.",
  "auditorKeys": [],
  "kms": null,
  "log": null
}
`;
