import type { Command } from "../command.ts";
import { DEFAULT_KMS_PORT } from "../defaults.ts";
import { data, json, port, OWN_DEPLOYMENT } from "./options.ts";

/** The simulated enclave and KMS, key policies, and what this machine can do. */
export const MACHINE_COMMANDS: readonly Command[] = [
  {
    name: "simulate",
    summary: "the simulated enclave alone, for a host beside it",
    inputs: "",
    count: [0, 0],
    options: { data, ...OWN_DEPLOYMENT, json },
    notes: ['With --json it prints one line when ready: {"enclave":SOCKET,"constitution":F,"bundle":F,"statusList":F,"trust":F}.'],
    load: () => import("../commands/simulate.ts"),
  },
  {
    name: "kms up",
    summary: "a simulated KMS that enforces key policies, until Ctrl-C",
    inputs: "",
    count: [0, 0],
    options: {
      data,
      port: { value: "P", about: `port of its HTTPS endpoint on 127.0.0.1; 0 takes a free one (default: ${DEFAULT_KMS_PORT})` },
      region: { value: "R", about: "the region it says it is (default: eu-central-1)" },
      account: { value: "ID", about: "account of the administrator made at the first start (default: 111122223333)" },
      root: {
        value: "FILE",
        about: "PEM of a root whose attestation documents count, or `aws` for AWS's own (default: the simulator's of --data)",
        multiple: true,
      },
      json,
    },
    notes: [
      "For the AWS CLI, boto3 and the AWS SDKs as they are, with an endpoint override; it prints the lines to copy.",
      "Signatures, key policies and attestation documents are verified; state and an audit log stay in DIR/kms. docs/KMS.md tells what differs from AWS.",
      'With --json it prints one line when ready: {"url":…,"region":…,"ca":PATH, "credentials":PATH,"principals":PATH,"audit":PATH}.',
    ],
    load: () => import("../commands/kms-up.ts"),
  },
  {
    name: "kms policy",
    summary: "write the least KMS key policy for a release's enclaves",
    inputs: "",
    count: [0, 0],
    options: {
      release: { value: "F", about: "the release with its approvals: its sets of PCR0, 1 and 2 may use the key" },
      trust: { value: "FILE", about: "instead of a release: the sets of this trust file" },
      constitution: { value: "F", about: "the deployment's constitution: its PCR16 stands in every statement", required: true },
      role: { value: "ARN", about: "role with which hosts call KMS for their enclave", multiple: true, required: true },
      admin: { value: "ARN", about: "who looks after the key: can neither use it nor change this policy nor delete it", multiple: true },
      "policy-admin": { value: "ARN", about: "who can change this policy, and so read everything", multiple: true },
      fleet: { value: "NAME", about: "only seeds of this fleet" },
      out: { value: "F", about: "write it there instead of printing it" },
      force: { value: null, about: "overwrite a file that exists" },
      json,
    },
    notes: [
      "One statement per whole set: lists under several PCRs would admit every mixture of releases.",
      "Without --policy-admin nobody can change the policy; KMS then wants --bypass-policy-lockout-safety-check, and a new release a new key.",
    ],
    load: () => import("../commands/kms-policy.ts"),
  },
  {
    name: "kms lint",
    summary: "what a KMS key policy lets out of the enclave",
    inputs: "FILE",
    count: [1, 1],
    options: {
      trust: { value: "FILE", about: "every whole set of this trust file must be admitted, and no other" },
      "context-key": {
        value: "NAME",
        about: "name in the encryption context that every use must be held to (default: caladrius-constitution)",
        multiple: true,
      },
      json,
    },
    notes: ["Findings end with exit code 10. Grants, IAM policies and who can assume the roles are not judged."],
    load: () => import("../commands/kms-lint.ts"),
  },
  {
    name: "doctor",
    summary: "what works on this machine and what to do about the rest",
    inputs: "",
    count: [0, 0],
    options: { port, json },
    notes: [],
    load: () => import("../commands/doctor.ts"),
  },
];
