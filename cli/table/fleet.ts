import type { Command } from "../command.ts";
import { BY_PASSKEY, MANY, json, trust } from "./options.ts";

/** Keys that several enclaves share. */
export const FLEET_COMMANDS: readonly Command[] = [
  {
    name: "fleet new",
    summary: "have an enclave make keys for an epoch of a fleet",
    inputs: "",
    count: [0, 0],
    options: {
      enclave: { value: "SOCKET", about: "vsock socket of an enclave that a running host has booted", required: true },
      fleet: { value: "NAME", about: "a to z, 0 to 9 and hyphens", required: true },
      epoch: { value: "N", about: "number of the epoch; the highest that is served is the one that is sealed to", required: true },
      out: { value: "FILE", about: "where to write the candidate with its evidence", required: true },
      force: { value: null, about: "overwrite a file that exists" },
      json,
    },
    notes: ["The enclave keeps nothing: the keys serve nobody until the constitution's quorum has signed a record of them."],
    load: () => import("../commands/fleet-new.ts"),
  },
  {
    name: "fleet candidates",
    summary: "verify candidates and show whose keys they would be",
    inputs: "FILE…",
    count: [1, MANY],
    options: { trust, json },
    notes: [
      "Evidence is judged as of its own time. The trust file must pin PCR16 in every set.",
      "Says who could read every job of the fleet besides its enclaves.",
    ],
    load: () => import("../commands/fleet-candidates.ts"),
  },
  {
    name: "fleet approve",
    summary: "approve a candidate with a key or passkey",
    inputs: "CANDIDATE",
    count: [1, 1],
    options: {
      trust,
      constitution: { value: "F", about: "the deployment's constitution: its quorum for fleets decides", required: true },
      key: { value: "FILE", about: "your private key in PEM (Ed25519 or P-256), 0600" },
      ...BY_PASSKEY,
      person: { value: "NAME", about: "you, as the constitution names you; where the key alone does not say it" },
      role: { value: "ROLE", about: "the role in which you approve; where the key alone does not say it" },
      "not-before": { value: "ISO", about: "first moment of the epoch (default: now)" },
      "not-after": { value: "ISO", about: "its end, at most 31 days later (default: 30 days later)" },
      out: { value: "F.fleet", about: "the epoch's file: the first approver makes it, the next ones add to it", required: true },
      json,
    },
    notes: [
      "Verifies the candidate first, and refuses one under another constitution, under other KMS keys or with other digests.",
      "The first approver states the record and its dates, with a key file; who comes later approves these. Repeating it changes nothing.",
    ],
    load: () => import("../commands/fleet-approve.ts"),
  },
  {
    name: "fleet show",
    summary: "an epoch: keys, dates, approvals, what is missing",
    inputs: "F.fleet",
    count: [1, 1],
    options: { constitution: { value: "F", about: "verify record and quorum under this constitution" }, json },
    notes: ["With --constitution exit code 10 when the record does not hold or approvals are missing."],
    load: () => import("../commands/fleet-show.ts"),
  },
  {
    name: "fleet retire",
    summary: "take an epoch out of a host's folder; says what remains",
    inputs: "F.fleet",
    count: [1, 1],
    options: { json },
    notes: ["Renames the file to F.fleet.retired. Enclaves that serve the epoch go on until its end or their own."],
    load: () => import("../commands/fleet-retire.ts"),
  },
];
