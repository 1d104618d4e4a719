import type { Command, Option } from "../command.ts";
import { BY_PASSKEY } from "./options.ts";

const json: Option = { value: null, about: "one JSON object a line instead of text" };
const force: Option = { value: null, about: "overwrite a file that exists" };
const constitution: Option = { value: "F", about: "the deployment's constitution: who may approve, and how many must", required: true };
const person: Option = { value: "NAME", about: "you, as the constitution names you; where the key alone does not say it" };
const role: Option = { value: "ROLE", about: "the role in which you act; where the key alone does not say it" };

/** Commands about releases, and about keys of those who approve them. */
export const RELEASE_COMMANDS: readonly Command[] = [
  {
    name: "release new",
    summary: "state a release: measurements, image, source",
    inputs: "",
    count: [0, 0],
    options: {
      eif: { value: "F.eif", about: "image that is released; several for several kernels or architectures", multiple: true },
      pcrs: { value: "F.json", about: "instead of an image: measurements as `image measure` prints them", multiple: true },
      "image-digest": { value: "HEX", about: "with --pcrs: SHA-384 of the image" },
      "sbom-digest": { value: "HEX", about: "with --pcrs: SHA-384 of the bill of materials" },
      constitution,
      key: { value: "FILE", about: "private key of an approver in PEM, 0600: it signs the statement", required: true },
      role,
      name: { value: "NAME", about: "what is released (default: caladrius)" },
      version: { value: "V", about: "its version, such as 1.4.0", required: true },
      commit: { value: "ID", about: "the source that it was built from", required: true },
      notes: { value: "TEXT", about: "what changed, in a sentence" },
      "notes-file": { value: "F", about: "the same from a file" },
      "allow-unreproducible": { value: null, about: "release an image that others may not be able to rebuild" },
      out: { value: "F.release", about: "where to write it", required: true },
      force,
      json,
    },
    notes: [
      "Refuses images whose manifest is missing, wrong, or says that they cannot be rebuilt elsewhere.",
      "Nobody has approved it then: `release approve` adds approvals to the same file.",
    ],
    load: () => import("../commands/release-new.ts"),
  },
  {
    name: "release approve",
    summary: "approve a release with your key or passkey",
    inputs: "F.release",
    count: [1, 1],
    options: {
      constitution,
      key: { value: "FILE", about: "your private key in PEM (Ed25519 or P-256), 0600" },
      ...BY_PASSKEY,
      merge: { value: "F.release", about: "take over the approvals of another copy of this file" },
      person,
      role,
      json,
    },
    notes: [
      "Approvals gather in the file. A second approval by the same person in the same role changes nothing, and says so.",
      "The page computes what it shows and what the passkey signs from the release's own bytes.",
    ],
    load: () => import("../commands/release-approve.ts"),
  },
  {
    name: "release verify",
    summary: "who approved a release, and what is missing",
    inputs: "F.release",
    count: [1, 1],
    options: { constitution, json },
    notes: ["Exit code 10 while the constitution's quorum for releases does not stand."],
    load: () => import("../commands/release-verify.ts"),
  },
  {
    name: "release list",
    summary: "all releases in a folder, a line each",
    inputs: "DIR",
    count: [1, 1],
    options: { constitution, json },
    notes: ["Looks at files that end in .release."],
    load: () => import("../commands/release-list.ts"),
  },
  {
    name: "release explain",
    summary: "what changed from one release to another",
    inputs: "OLD NEW",
    count: [2, 2],
    options: {
      eif: { value: "F.eif", about: "the image of OLD, then that of NEW: their files are compared too", multiple: true },
      json,
    },
    notes: ["Approvals are not verified. Exit code 10 when the measurements differ."],
    load: () => import("../commands/release-explain.ts"),
  },
  {
    name: "release attach",
    summary: "put a release with its approvals into a result file",
    inputs: "FILE.attested",
    count: [1, 1],
    options: {
      release: { value: "F.release", about: "the release of the code that computed it", required: true },
      trust: { value: "FILE", about: "trust file that names the constitution", required: true },
      out: { value: "FILE", about: "write the new file here instead of over the old one" },
      force: { value: null, about: "overwrite a file that exists, and replace a release that is there" },
      json,
    },
    notes: ["Writes nothing unless the file verifies with it."],
    load: () => import("../commands/release-attach.ts"),
  },
  {
    name: "release revoke",
    summary: "what to put on the status list to end a release",
    inputs: "F.release",
    count: [1, 1],
    options: {
      constitution,
      reason: { value: "TEXT", about: "why, in at most 128 characters", required: true },
      since: { value: "ISO", about: "since when its results do not count (default: now)" },
      json,
    },
    notes: ["A release never changes: whether it still counts stands on the status list alone."],
    load: () => import("../commands/release-revoke.ts"),
  },
  {
    name: "approver new",
    summary: "make a key or passkey for somebody who is to approve",
    inputs: "",
    count: [0, 0],
    options: {
      person: { value: "NAME", about: "who approves with it", required: true },
      role: { value: "ROLE", about: "in which role, such as vendor, hospital, insurer", required: true },
      out: { value: "FILE", about: "write an Ed25519 key there, PEM, 0600" },
      passkey: { value: null, about: "make a passkey instead, on a page that this command serves on localhost" },
      port: { value: "P", about: "with --passkey: port of that page, now and whenever it approves (default: 7311)" },
      force,
      json,
    },
    notes: ["Prints the entry for the constitution: person, role, public key, and where a passkey may sign."],
    load: () => import("../commands/approver-new.ts"),
  },
];
