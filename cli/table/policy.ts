import type { Command, Option } from "../command.ts";
import { BY_PASSKEY, json } from "./options.ts";

/** Whose key --key is, where it has several owners. */
const APPROVER: Readonly<Record<string, Option>> = {
  person: { value: "NAME", about: "you, as the constitution names you; needed where your key has several" },
  role: { value: "ROLE", about: "the role in which you approve; needed where you have several" },
};
/** Files that may name an old constitution. */
const SURROUNDINGS: Readonly<Record<string, Option>> = {
  "kms-policy": { value: "FILE", about: "key policy: its statements that pin the old PCR16 are listed", multiple: true },
  trust: { value: "FILE", about: "trust file: listed where it pins the old PCR16", multiple: true },
  fleet: { value: "F.fleet", about: "epoch of a fleet: listed where it serves the old constitution", multiple: true },
};

/** `caladrius constitution …` and `caladrius policy …`. */
export const POLICY_COMMANDS: readonly Command[] = [
  {
    name: "constitution new",
    summary: "found a deployment: who must agree to what",
    inputs: "[DESCRIPTION]",
    count: [0, 1],
    options: {
      key: { value: "FILE", about: "private key in PEM of one of its approvers, 0600: it signs" },
      out: { value: "F.cose", about: "where to write the constitution" },
      force: { value: null, about: "overwrite a file that exists" },
      example: { value: null, about: "print a description to begin with" },
      json,
    },
    notes: [
      "Refuses what cannot work: a quorum that its approvers never reach, keys twice, a time that has ended. Persons count, not keys.",
      "What others pin of it is PCR16: it never changes; another constitution succeeds it.",
    ],
    load: () => import("../commands/constitution-new.ts"),
  },
  {
    name: "constitution show",
    summary: "who may do what under a constitution",
    inputs: "F.cose",
    count: [1, 1],
    options: { json },
    notes: ["Verifies that one of its own approvers signed it. What makes it the right one is its PCR16."],
    load: () => import("../commands/constitution-show.ts"),
  },
  {
    name: "constitution digest",
    summary: "SHA-384 of a constitution, and the PCR16 it gives",
    inputs: "F.cose",
    count: [1, 1],
    options: { json },
    notes: [],
    load: () => import("../commands/constitution-digest.ts"),
  },
  {
    name: "constitution succeed",
    summary: "make the next constitution, list what has to follow",
    inputs: "DESCRIPTION",
    count: [1, 1],
    options: {
      predecessor: { value: "F.cose", about: "the constitution that it follows", required: true },
      key: { value: "FILE", about: "private key in PEM of one of the new one's approvers, 0600: it signs", required: true },
      out: { value: "F.cose", about: "where to write the new constitution", required: true },
      ...SURROUNDINGS,
      force: { value: null, about: "overwrite a file that exists" },
      json,
    },
    notes: [
      "Number and predecessor are filled in. The old one's quorum for succession decides: `caladrius constitution approve`.",
      "Files that are named are looked through for the old PCR16; nothing is changed.",
    ],
    load: () => import("../commands/constitution-succeed.ts"),
  },
  {
    name: "constitution approve",
    summary: "approve that a constitution follows yours",
    inputs: "F.cose",
    count: [1, 1],
    options: {
      predecessor: { value: "F.cose", about: "the constitution that names you as an approver", required: true },
      key: { value: "FILE", about: "your private key in PEM (Ed25519 or P-256), 0600" },
      ...BY_PASSKEY,
      ...APPROVER,
      out: { value: "FILE", about: "where approvals gather: the first approver makes it, the next ones add", required: true },
      json,
    },
    notes: ["Repeating it changes nothing."],
    load: () => import("../commands/constitution-approve.ts"),
  },
  {
    name: "constitution verify",
    summary: "whether a constitution works, and follows another",
    inputs: "F.cose",
    count: [1, 1],
    options: {
      predecessor: { value: "F.cose", about: "the constitution that it follows" },
      approvals: { value: "FILE", about: "approvals by the predecessor's approvers" },
      ...SURROUNDINGS,
      json,
    },
    notes: ["Exit code 10 where it does not follow, or approvals are missing."],
    load: () => import("../commands/constitution-verify.ts"),
  },
  {
    name: "policy new",
    summary: "make a draft of a policy bundle from a description",
    inputs: "[DESCRIPTION]",
    count: [0, 1],
    options: {
      constitution: { value: "F", about: "the constitution that it is to stand under" },
      previous: { value: "F", about: "the bundle that it replaces: its version must be exceeded" },
      out: { value: "F", about: "where to write the draft" },
      force: { value: null, about: "overwrite a file that exists" },
      example: { value: null, about: "print a description to begin with" },
      "example-policies": { value: null, about: "print Cedar policies to begin with" },
      "example-schema": { value: null, about: "print the Cedar schema of what policies are told" },
      json,
    },
    notes: [
      "Checks what an enclave checks at boot: Cedar policies strictly, detectors and their parameters, whether emergencies can be opened.",
    ],
    load: () => import("../commands/policy-new.ts"),
  },
  {
    name: "policy sign",
    summary: "sign a draft of a policy bundle as its author",
    inputs: "DRAFT",
    count: [1, 1],
    options: {
      constitution: { value: "F", about: "the constitution that it stands under", required: true },
      key: { value: "FILE", about: "private key in PEM of one of its approvers, 0600", required: true },
      out: { value: "F", about: "where to write the bundle; approvals gather in it", required: true },
      force: { value: null, about: "overwrite a file that exists" },
      json,
    },
    notes: ["An author's signature is no approval."],
    load: () => import("../commands/policy-sign.ts"),
  },
  {
    name: "policy approve",
    summary: "approve a policy bundle with your key or passkey",
    inputs: "BUNDLE",
    count: [1, 1],
    options: {
      constitution: { value: "F", about: "the constitution: its quorum for bundles decides", required: true },
      key: { value: "FILE", about: "your private key in PEM (Ed25519 or P-256), 0600" },
      ...BY_PASSKEY,
      ...APPROVER,
      merge: { value: "F", about: "instead: take the approvals that this copy of the bundle has" },
      json,
    },
    notes: [
      "Adds to the file. What is approved is its very bytes: PCR17 stays as it is. Repeating it changes nothing.",
      "Look at `caladrius policy diff` first: it marks what becomes wider.",
    ],
    load: () => import("../commands/policy-approve.ts"),
  },
  {
    name: "policy verify",
    summary: "whether an enclave would start with a policy bundle",
    inputs: "BUNDLE",
    count: [1, 1],
    options: {
      constitution: { value: "F", about: "the constitution that it stands under", required: true },
      previous: { value: "F", about: "the bundle that it replaces: its version must be exceeded" },
      json,
    },
    notes: ["Quorum, Cedar policies strictly, detectors, time. Exit code 10 where one of them refuses."],
    load: () => import("../commands/policy-verify.ts"),
  },
  {
    name: "policy digest",
    summary: "SHA-384 of a policy bundle, and the PCR17 it gives",
    inputs: "BUNDLE",
    count: [1, 1],
    options: { json },
    notes: [],
    load: () => import("../commands/policy-digest.ts"),
  },
  {
    name: "policy diff",
    summary: "what differs between two policy bundles, in words",
    inputs: "A B",
    count: [2, 2],
    options: { json },
    notes: [
      "Marks what becomes wider, and what only a reader can judge. Takes drafts as well. Exit code 0 when both say the same, 10 when not.",
    ],
    load: () => import("../commands/policy-diff.ts"),
  },
  {
    name: "policy test",
    summary: "ask a policy bundle about a table of jobs",
    inputs: "[TABLE BUNDLE]",
    count: [0, 2],
    options: { example: { value: null, about: "print a table to begin with" }, json },
    notes: ["Goes through the decision that enclaves make. Takes drafts as well. Exit code 10 when a row fails."],
    load: () => import("../commands/policy-test.ts"),
  },
];
