import type { Command, Option } from "./command.ts";
import { DEFAULT_PORT } from "./defaults.ts";

const json: Option = { value: null, about: "one JSON object a line instead of text" };
const data: Option = {
  value: "DIR",
  about: "where keys, jobs and the simulator's state are kept (default: $XDG_STATE_HOME/caladrius or ~/.local/state/caladrius)",
};
const port: Option = { value: "P", about: `port of the HTTP API on 127.0.0.1; 0 takes a free one (default: ${DEFAULT_PORT})` };
const trust: Option = { value: "FILE", about: "trust file: which roots and measurements you accept", required: true };
const detector: Option = { value: "ID", about: "run this detector only; without it all that apply", multiple: true };
const strict: Option = { value: null, about: "exit 10 for a warning as well" };
const MANY = Number.MAX_SAFE_INTEGER;

const INPUT_NOTE: readonly string[] = [
  "An INPUT is a file or a folder (all .hea .json .ndjson .csv files in it, sorted):",
  "FHIR R4 (Observation, Bundle, NDJSON, .ndjson.gz), WFDB (.hea with formats 212 and 16) or CSV. One job per subject.",
];

/** All commands. Help, usage lines and hints come from this table alone. */
export const COMMANDS: readonly Command[] = [
  {
    name: "start",
    summary: "the main job end to end, from samples to verified results",
    inputs: "[INPUT…]",
    count: [0, MANY],
    options: {
      out: { value: "DIR", about: "keep the results here; without it they are removed at the end" },
      force: { value: null, about: "overwrite files that exist" },
      json,
    },
    notes: ["Without INPUT it uses samples that a physiological model makes; they are no patient's data.", ...INPUT_NOTE],
    load: () => import("./commands/start.ts"),
  },
  {
    name: "up",
    summary: "simulator and host until Ctrl-C",
    inputs: "",
    count: [0, 0],
    options: { data, port, json },
    notes: [
      'With --json it prints one line when ready: {"url":…,"trust":PATH}.',
      "The simulator proves nothing about hardware: its own root signs, and every verdict says so.",
    ],
    load: () => import("./commands/up.ts"),
  },
  {
    name: "host",
    summary: "the host alone, beside an enclave that runs elsewhere",
    inputs: "",
    count: [0, 0],
    options: {
      enclave: { value: "SOCKET", about: "vsock socket of the enclave (Firecracker style); port 5000 is serve", required: true },
      constitution: { value: "F", about: "the deployment's constitution, measured into PCR16", required: true },
      bundle: { value: "F", about: "the policy bundle with its approvals; the bundle is measured into PCR17", required: true },
      "status-list": { value: "F", about: "the status list (revocations, lifecycle)" },
      "kms-listen": { value: "SOCKET", about: "where the enclave's connections to KMS arrive; they are forwarded unread" },
      data,
      port,
      json,
    },
    notes: [],
    load: () => import("./commands/host.ts"),
  },
  {
    name: "submit",
    summary: "seal recordings to a verified enclave, verify what returns",
    inputs: "INPUT…",
    count: [1, MANY],
    options: {
      host: { value: "URL", about: "the host's address", required: true },
      trust,
      detector,
      level: { value: "LEVEL", about: "what is disclosed: alarm, findings or full (default: findings)" },
      purpose: { value: "CODE", about: "why: the policy bundle decides on it (default: TREAT)" },
      key: { value: "F", about: "the submitter's key file, made if there is none; without it new keys for this call" },
      out: { value: "DIR", about: "write NAME.attested files here" },
      force: { value: null, about: "overwrite files that exist" },
      strict,
      json,
    },
    notes: INPUT_NOTE,
    load: () => import("./commands/submit.ts"),
  },
  {
    name: "verify",
    summary: "verify result files, offline",
    inputs: "FILE…",
    count: [1, MANY],
    options: { trust, strict, json },
    notes: ["Reads .attested files in archived mode. Over several files the exit code is the first of 1, 3, 30, 20, 10, 0 that occurred."],
    load: () => import("./commands/verify.ts"),
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
    load: () => import("./commands/attestation-get.ts"),
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
      strict,
      json,
    },
    notes: ["Live unless --archived or --at is given."],
    load: () => import("./commands/attestation-verify.ts"),
  },
  {
    name: "analyse",
    summary: "run the detectors on local data, unsealed and unattested",
    inputs: "INPUT",
    count: [1, 1],
    options: { detector, json },
    notes: ["Nothing attests what it prints: use it to look at data, not to prove anything. Not a medical device.", ...INPUT_NOTE],
    load: () => import("./commands/analyse.ts"),
  },
  {
    name: "trust new",
    summary: "make a trust file from an EIF and a constitution",
    inputs: "",
    count: [0, 0],
    options: {
      eif: { value: "FILE", about: "enclave image: PCR0, 1, 2 (and 8 when signed) are computed from it", required: true },
      constitution: { value: "FILE", about: "constitution statement: PCR16; without it the file verifies bare documents only" },
      bundle: { value: "FILE", about: "policy bundle statement: PCR17, to accept this policy alone" },
      root: { value: "FILE", about: "PEM of a root to accept instead of AWS Root-G1", multiple: true },
      "allow-simulator": { value: null, about: "accept a root whose subject says SIMULATED" },
      "allow-debug": { value: null, about: "accept enclaves in debug mode: their console is readable by the host" },
      "max-age": { value: "S", about: "oldest document accepted live, in seconds (default: 900)" },
      out: { value: "FILE", about: "where to write the trust file", required: true },
      force: { value: null, about: "overwrite a file that exists" },
      json,
    },
    notes: [],
    load: () => import("./commands/trust-new.ts"),
  },
  {
    name: "trust show",
    summary: "read a trust file",
    inputs: "FILE",
    count: [1, 1],
    options: { json },
    notes: [],
    load: () => import("./commands/trust-show.ts"),
  },
  {
    name: "trust diff",
    summary: "compare what two trust files accept",
    inputs: "FILE FILE",
    count: [2, 2],
    options: { json },
    notes: ["Exit code 0 when both accept the same, 10 when they differ."],
    load: () => import("./commands/trust-diff.ts"),
  },
  {
    name: "show",
    summary: "a result for a human: verdict, when, coverage, findings",
    inputs: "FILE.attested",
    count: [1, 1],
    options: {
      trust: { value: "FILE", about: "verify it against this trust file first; without it nothing is verified and the first line says so" },
      json,
    },
    notes: [],
    load: () => import("./commands/show.ts"),
  },
  {
    name: "simulate",
    summary: "the simulated enclave alone, for a host beside it",
    inputs: "",
    count: [0, 0],
    options: { data, json },
    notes: ['With --json it prints one line when ready: {"enclave":SOCKET,"constitution":F,"bundle":F,"statusList":F,"trust":F}.'],
    load: () => import("./commands/simulate.ts"),
  },
  {
    name: "doctor",
    summary: "what works on this machine and what to do about the rest",
    inputs: "",
    count: [0, 0],
    options: { port, json },
    notes: [],
    load: () => import("./commands/doctor.ts"),
  },
];
