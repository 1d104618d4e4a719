import type { Command } from "../command.ts";
import { EVIDENCE_OPTIONS, INPUT_NOTE, MANY, detector, json, trust, zone } from "./options.ts";

/** What judges evidence, results and verifiers, and what runs the detectors without any. */
export const VERIFICATION_COMMANDS: readonly Command[] = [
  {
    name: "verify",
    summary: "verify result files, offline",
    inputs: "FILE…",
    count: [1, MANY],
    options: {
      trust,
      at: { value: "ISO", about: "judge at this time, such as 2026-11-21T10:00:00Z (default: the time of each file's own evidence)" },
      nonce: { value: "HEX", about: "the result must answer this nonce, 8 to 64 bytes" },
      job: { value: "HEX", about: "the result must be of the sealed job with this SHA-256" },
      "policy-version": { value: "N", about: "lowest version of the policy bundle that is accepted" },
      ...EVIDENCE_OPTIONS,
      json,
    },
    notes: ["Reads .attested files in archived mode. Over several files the exit code is the first of 1, 3, 30, 20, 10, 0 that occurred."],
    load: () => import("../commands/verify.ts"),
  },
  {
    name: "attestation get",
    summary: "fetch an enclave's evidence from its host",
    inputs: "",
    count: [0, 0],
    options: {
      host: { value: "URL", about: "the host's address", required: true },
      nonce: { value: "HEX", about: "8 to 64 bytes that the evidence must repeat" },
      out: { value: "FILE", about: "where to write the evidence", required: true },
      force: { value: null, about: "overwrite a file that exists" },
      json,
    },
    notes: ["What is written was not verified: `caladrius attestation verify` does that."],
    load: () => import("../commands/attestation-get.ts"),
  },
  {
    name: "attestation verify",
    summary: "verify an attestation document",
    inputs: "FILE",
    count: [1, 1],
    options: {
      trust,
      archived: { value: null, about: "judge at the document's own time; at most a warning" },
      at: { value: "ISO", about: "judge at this time, such as 2026-11-21T10:00:00Z" },
      "max-age": { value: "S", about: "oldest document accepted, in seconds (default: the trust file's)" },
      nonce: { value: "HEX", about: "the document must repeat these bytes" },
      "report-contradictions": { value: null, about: "name contradictions inside the document rather than refuse it; at most a warning" },
      ...EVIDENCE_OPTIONS,
      json,
    },
    notes: ["Live unless --archived or --at is given."],
    load: () => import("../commands/attestation-verify.ts"),
  },
  {
    name: "conformance",
    summary: "run verifiers over the conformance kit, print divergences",
    inputs: "",
    count: [0, 0],
    options: {
      runner: {
        value: "CMD",
        about: 'somebody\'s verifier, such as "NAME=node x.mjs {input} {trust} {mode} {time} {nonce} {maxAge}"',
        multiple: true,
      },
      vectors: { value: "DIR", about: "the kit (default: the one of the attestation-verifier package)" },
      only: { value: "ID", about: "this vector, or those of this rule", multiple: true },
      timeout: { value: "S", about: "seconds that a runner has for one vector (default: 30)" },
      markdown: { value: null, about: "the report as Markdown, as docs/CONFORMANCE.md has it" },
      json,
    },
    notes: [
      "Without --runner this build's own verifier is asked, and codes are compared as well.",
      "A runner answers by exit code: 0 accepted, 10 or 30 refused, 20 it cannot; all else is broken. It gets - for what a vector does not have. No shell runs.",
      "Exit code 0 when nothing diverges, 10 when something does.",
    ],
    load: () => import("../commands/conformance.ts"),
  },
  {
    name: "analyse",
    summary: "run the detectors on local data, unsealed and unattested",
    inputs: "INPUT",
    count: [1, 1],
    options: { detector, zone, json },
    notes: ["Nothing attests what it prints: use it to look at data, not to prove anything. Not a medical device.", ...INPUT_NOTE],
    load: () => import("../commands/analyse.ts"),
  },
];
