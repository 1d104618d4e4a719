import type { Command } from "../command.ts";
import { INPUT_NOTE, MANY, data, detector, json, port, strict, trust, zone } from "./options.ts";

/** Recordings in, results out: with everything on this machine, or with its parts. */
export const JOB_COMMANDS: readonly Command[] = [
  {
    name: "start",
    summary: "the main job, from samples to verified results",
    inputs: "[INPUT…]",
    count: [0, MANY],
    options: {
      out: { value: "DIR", about: "keep the results here; without it they are removed at the end" },
      force: { value: null, about: "overwrite files that exist" },
      json,
    },
    notes: ["Without INPUT it uses samples that a physiological model makes; they are no patient's data.", ...INPUT_NOTE],
    load: () => import("../commands/start.ts"),
  },
  {
    name: "up",
    summary: "simulator and host until Ctrl-C",
    inputs: "",
    count: [0, 0],
    options: {
      data,
      port,
      fleet: { value: "NAME", about: "serve a fleet of this name, its keys behind a simulated KMS: jobs outlive their enclave" },
      json,
    },
    notes: [
      'With --json it prints one line when ready: {"url":…,"trust":PATH}; with --fleet also "kms" with endpoint, ca, keys, dataKey, credentials.',
      "With --fleet one machine plays every role: both accounts of KMS, the approver, the operator.",
      "The simulator proves nothing about hardware: its own root signs, and every verdict says so.",
    ],
    load: () => import("../commands/up.ts"),
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
      "status-list": {
        value: "F|URL",
        about: "the status list: a file that is watched, or an address that is asked every other second",
        required: true,
      },
      "kms-listen": { value: "SOCKET", about: "where the enclave's connections to KMS arrive; they are forwarded unread" },
      "kms-credentials": {
        value: "FILE",
        about: "AWS credentials for the enclave's calls, as credential_process prints them (0600), or `default` for the AWS SDK's chain",
      },
      fleet: { value: "DIR", about: "folder with .fleet files, or such a file: epochs that the enclave is to serve", multiple: true },
      data,
      port,
      json,
    },
    notes: [],
    load: () => import("../commands/host.ts"),
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
      zone,
      key: { value: "F", about: "the submitter's key file, made if there is none; without it new keys for this call" },
      "kms-key": {
        value: "ARN",
        about: "seal under data keys of this KMS key, with your own AWS credentials: its policy decides who opens",
      },
      "kms-endpoint": { value: "URL", about: "where that KMS is (default: AWS, in the ARN's region)" },
      "kms-ca": { value: "FILE", about: "PEM of the authority to trust at that endpoint" },
      out: { value: "DIR", about: "write NAME.attested files here" },
      force: { value: null, about: "overwrite files that exist" },
      strict,
      json,
    },
    notes: INPUT_NOTE,
    load: () => import("../commands/submit.ts"),
  },
];
