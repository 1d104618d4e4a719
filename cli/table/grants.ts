import type { Command, Option } from "../command.ts";
import { SIGN_IN } from "./options.ts";

const json: Option = { value: null, about: "one JSON object a line instead of text" };
const force: Option = { value: null, about: "overwrite a file that exists" };
/** What an issuer decides of every grant. */
const ISSUER: Readonly<Record<string, Option>> = {
  "issuer-key": { value: "FILE", about: "the issuer's private key in PEM, 0600 (Ed25519 or P-256)", required: true },
  holder: { value: "FILE", about: "who may use it: public key, of `key show` or in PEM", required: true },
  level: { value: "LEVEL", about: "widest level of anyone who gets a reply: alarm, findings or full (default: findings)" },
  detector: { value: "ID", about: "this detector may run; without it all that the policy allows", multiple: true },
  uses: { value: "N", about: "how many jobs (default: 1)" },
  ward: { value: "WARD", about: "for this ward alone" },
  out: { value: "F.grant", about: "where to write it", required: true },
};

/** Commands about grants, devices, keys of submitters, and what recipients do. */
export const GRANT_COMMANDS: readonly Command[] = [
  {
    name: "key show",
    summary: "your public keys, for grants and for replies to you",
    inputs: "",
    count: [0, 0],
    options: {
      key: { value: "F", about: "your key file, made if there is none", required: true },
      out: { value: "F.pub", about: "write both public keys there" },
      force,
      json,
    },
    notes: [],
    load: () => import("../commands/key-show.ts"),
  },
  {
    name: "grant new",
    summary: "allow one key to have recordings of one subject analysed",
    inputs: "",
    count: [0, 0],
    options: {
      ...ISSUER,
      subject: { value: "NAME", about: "pseudonym of the subject, as recordings have it", required: true },
      purpose: { value: "CODE", about: "HL7 v3 PurposeOfUse code, such as HRESCH; at least one", multiple: true },
      channel: { value: "CODE", about: "such as loinc:8867-4; without it recordings may hold any", multiple: true },
      from: { value: "ISO", about: "when it may be used at the earliest (default: now)" },
      until: { value: "ISO", about: "and at the latest", required: true },
      "samples-from": { value: "ISO", about: "of which time samples may be; without it of any" },
      "samples-to": { value: "ISO", about: "the last of them" },
      force,
      json,
    },
    notes: ["The policy bundle names the issuers whose grants count. `status revoke` takes one back by its id."],
    load: () => import("../commands/grant-new.ts"),
  },
  {
    name: "grant from",
    summary: "make a grant that allows what a FHIR Consent permits",
    inputs: "CONSENT.json",
    count: [1, 1],
    options: {
      ...ISSUER,
      actor: { value: "REF", about: "the consent's reference for the holder, such as Organization/lab" },
      purpose: { value: "CODE", about: "only this of the consent's purposes", multiple: true },
      offset: { value: "+HH:MM", about: "of its dates without a time; without it such dates are refused" },
      force,
      json,
    },
    notes: [
      "FHIR R4 in JSON. Subject, purposes, channels and times come from the consent; level, uses, ward and detectors are yours.",
      "What a grant cannot say exactly is refused with its place: a grant never allows more than the consent.",
    ],
    load: () => import("../commands/grant-from.ts"),
  },
  {
    name: "grant show",
    summary: "what a grant allows, in words",
    inputs: "F.grant",
    count: [1, 1],
    options: { json },
    notes: ["Nothing is verified: `caladrius grant verify` does that."],
    load: () => import("../commands/grant-show.ts"),
  },
  {
    name: "grant verify",
    summary: "who signed a grant, and whether it may be used now",
    inputs: "F.grant",
    count: [1, 1],
    options: {
      issuer: { value: "FILE", about: "public key of an issuer, in PEM or of `key show`", multiple: true },
      holder: { value: "FILE", about: "it must be given to this public key" },
      at: { value: "ISO", about: "judge at this time (default: now)" },
      json,
    },
    notes: ["Revocation and uses that were spent are judged in the enclave."],
    load: () => import("../commands/grant-verify.ts"),
  },
  {
    name: "device new",
    summary: "make a key with which a device signs its recordings",
    inputs: "",
    count: [0, 0],
    options: {
      name: { value: "NAME", about: "as recordings name the device", required: true },
      subject: { value: "NAME", about: "the only subject that it records; without it any" },
      algorithm: { value: "ALG", about: "Ed25519 or P-256 (default: Ed25519)" },
      out: { value: "F.pem", about: "where to write the private key, 0600", required: true },
      force,
      json,
    },
    notes: ["Prints its did:key and the entry for devices.registered of the policy bundle."],
    load: () => import("../commands/device-new.ts"),
  },
  {
    name: "open",
    summary: "open and verify a reply that others had sealed to you",
    inputs: "RECEIPT.json",
    count: [1, 1],
    options: {
      host: { value: "URL", about: "the host's address", required: true },
      trust: { value: "FILE", about: "trust file: which roots and measurements you accept", required: true },
      key: { value: "F", about: "your key file, whose public half the submitter named", required: true },
      out: { value: "F.attested", about: "where to write the result", required: true },
      ...SIGN_IN,
      force,
      strict: { value: null, about: "exit 10 for a warning as well" },
      json,
    },
    notes: ["The submitter gets a receipt for each --recipient beside the result. Nothing in it is secret."],
    load: () => import("../commands/open.ts"),
  },
  {
    name: "redact",
    summary: "hand on less of a result; what remains still verifies",
    inputs: "FILE.attested",
    count: [1, 1],
    options: {
      keep: { value: "NAME", about: "keep this and nothing else, such as alarm-summary; several times", multiple: true },
      drop: { value: "NAME", about: "take this out, such as subject; several times", multiple: true },
      out: { value: "F.attested", about: "where to write the copy", required: true },
      force,
      json,
    },
    notes: ["Names: those of `caladrius show`, such as finding, series, coverage, subject, purpose, grant, input, job-id, submitter."],
    load: () => import("../commands/redact.ts"),
  },
];
