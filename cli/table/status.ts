import type { Command, Option } from "../command.ts";
import { BY_PASSKEY } from "./options.ts";

const json: Option = { value: null, about: "one JSON object a line instead of text" };
const force: Option = { value: null, about: "overwrite a file that exists" };
const constitution: Option = { value: "F", about: "the deployment's constitution: it names status keys and quorum", required: true };
const key: Option = { value: "FILE", about: "private status key in PEM (Ed25519 or P-256), 0600", required: true };
const host: Option = { value: "URL", about: "hand it to this host at once", multiple: true };
const last: Option = { value: "F", about: "the list before: show, and hold to, what changes" };
const THINGS: Readonly<Record<string, Option>> = {
  signer: { value: "KEY", about: "key of a submitter, issuer, approver or status list: PEM, or its SHA-256", multiple: true },
  grant: { value: "ID", about: "a grant: its id in hex, or its file", multiple: true },
  device: { value: "KEY", about: "key of a device: PEM, or its SHA-256", multiple: true },
  release: { value: "F", about: "a release's file, or its digest where the last list names it", multiple: true },
};
const ISSUING: Readonly<Record<string, Option>> = {
  constitution,
  key,
  nonce: { value: "HEX", about: "boot nonce of the enclave for which it is to be fresh" },
  fresh: { value: null, about: "take the boot nonce from the one --host" },
  host,
};
const OUT: Option = { value: "F", about: "write it here instead of over the last list" };
const IN_PLACE = "The next list takes the place of FILE, so that hosts that watch it have it at once; with --out it lies elsewhere.";

/** Commands about status lists: what no longer counts. */
export const STATUS_COMMANDS: readonly Command[] = [
  {
    name: "status new",
    summary: "the first status list of a deployment",
    inputs: "",
    count: [0, 0],
    options: {
      constitution,
      key,
      number: { value: "N", about: "its number, where lists of this constitution are known already (default: 1)" },
      "lowest-policy": { value: "N", about: "lowest version of the policy bundle that may run (default: 0)" },
      out: { value: "F", about: "where to write it", required: true },
      force,
      json,
    },
    notes: ["Good for 24 hours. Without a list in force no enclave starts."],
    load: () => import("../commands/status-new.ts"),
  },
  {
    name: "status revoke",
    summary: "stop a key, grant, device, release or policy version",
    inputs: "FILE",
    count: [1, 1],
    options: {
      ...THINGS,
      "lowest-policy": { value: "N", about: "lowest version of the policy bundle that may run" },
      reason: { value: "TEXT", about: "why, for whoever reads the list" },
      since: { value: "ISO", about: "since when it no longer counts (default: now)" },
      ...ISSUING,
      out: OUT,
      force,
      json,
    },
    notes: [
      "One status key is enough. Repeating it changes nothing, and hands the list to --host again.",
      IN_PLACE,
      "Exit code 3 where a host is silent, 10 where one refuses.",
    ],
    load: () => import("../commands/status-revoke.ts"),
  },
  {
    name: "status restore",
    summary: "draft a list that takes something back, for approval",
    inputs: "FILE",
    count: [1, 1],
    options: {
      ...THINGS,
      "lowest-policy": { value: "N", about: "lowest version of the policy bundle that may run" },
      ...ISSUING,
      out: { value: "F", about: "where to write the draft", required: true },
      force,
      json,
    },
    notes: ["FILE stays in force until the constitution's quorum has approved the draft: `status approve`, then `status publish`."],
    load: () => import("../commands/status-restore.ts"),
  },
  {
    name: "status lifecycle",
    summary: "where a release stands: candidate, active, deprecated",
    inputs: "FILE",
    count: [1, 1],
    options: {
      release: { value: "F", about: "the release's file, or its digest where the last list names it", required: true },
      stage: { value: "STAGE", about: "candidate, active or deprecated", required: true },
      ...ISSUING,
      out: OUT,
      force,
      json,
    },
    notes: [IN_PLACE, "A release that ends is revoked: `status revoke --release`."],
    load: () => import("../commands/status-lifecycle.ts"),
  },
  {
    name: "status renew",
    summary: "the same list for another 24 hours",
    inputs: "FILE",
    count: [1, 1],
    options: { ...ISSUING, out: OUT, force, json },
    notes: [IN_PLACE, "With --fresh it repeats the boot nonce of the one --host: policies may demand that for all but care."],
    load: () => import("../commands/status-renew.ts"),
  },
  {
    name: "status approve",
    summary: "approve a draft that takes something back",
    inputs: "FILE",
    count: [1, 1],
    options: {
      constitution,
      key: { value: "FILE", about: "your private key in PEM (Ed25519 or P-256), 0600" },
      ...BY_PASSKEY,
      person: { value: "NAME", about: "you, as the constitution names you; where the key alone does not say it" },
      role: { value: "ROLE", about: "the role in which you act; where the key alone does not say it" },
      last,
      json,
    },
    notes: ["Adds your approval to FILE. Repeating it changes nothing."],
    load: () => import("../commands/status-approve.ts"),
  },
  {
    name: "status publish",
    summary: "hand a list to hosts, or put it where they look",
    inputs: "FILE",
    count: [1, 1],
    options: { constitution, host, over: { value: "F", about: "the file that hosts watch: it is replaced" }, json },
    notes: ["A list that enclaves would refuse is not published (exit code 10)."],
    load: () => import("../commands/status-publish.ts"),
  },
  {
    name: "status show",
    summary: "what a list says, and whether it holds",
    inputs: "FILE",
    count: [1, 1],
    options: {
      constitution: { value: "F", about: "verify it under this constitution" },
      last,
      current: { value: null, about: "refuse one that has expired" },
      json,
    },
    notes: ["With --constitution exit code 10 for a list that enclaves would refuse."],
    load: () => import("../commands/status-show.ts"),
  },
];
