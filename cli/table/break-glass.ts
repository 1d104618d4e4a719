import type { Command, Option } from "../command.ts";
import { BY_PASSKEY, json, MANY, release, SIGN_IN, strict, trust, zone } from "./options.ts";

const host: Option = { value: "URL", about: "the host's address", required: true };
const purpose: Option = { value: "CODE", about: "a purpose that the policy bundle knows (default: ETREAT)" };

/** Of those that ask an enclave. */
const ENCLAVE: Readonly<Record<string, Option>> = { host, trust, release };

/** Commands for emergencies: reading what no grant covers, by the word of several and not in silence. */
export const BREAK_GLASS_COMMANDS: readonly Command[] = [
  {
    name: "break-glass request",
    summary: "ask to read recordings in an emergency",
    inputs: "INPUT…",
    count: [1, MANY],
    options: {
      ...ENCLAVE,
      reason: { value: "TEXT", about: "why, for those who decide and for the auditors", required: true },
      subject: { value: "ID", about: "refuse inputs of any other subject" },
      ward: { value: "WARD", about: "the ward that the emergency is bound to" },
      purpose,
      level: { value: "LEVEL", about: "findings or full (default: findings)" },
      wait: { value: "S", about: "how long to wait for the decision, in seconds (default: 600)" },
      zone,
      key: { value: "F", about: "the submitter's key file, made if there is none; without it new keys" },
      ...SIGN_IN,
      out: { value: "DIR", about: "write NAME.attested files here" },
      force: { value: null, about: "overwrite files that exist" },
      strict,
      json,
    },
    notes: ["Exit 10: refused. Exit 3: nobody decided in time. Results carry the warning break-glass."],
    load: () => import("../commands/break-glass-request.ts"),
  },
  {
    name: "break-glass watch",
    summary: "be asked, as an approver, about emergencies",
    inputs: "",
    count: [0, 0],
    options: {
      ...ENCLAVE,
      constitution: { value: "F", about: "the constitution that names the approver", required: true },
      key: {
        value: "F",
        about: "private key that asks, 0600: the approver's in PEM; with --passkey somebody's, see below",
        required: true,
      },
      ...BY_PASSKEY,
      person: { value: "NAME", about: "where the key has several entries" },
      role: { value: "ROLE", about: "likewise" },
      purpose,
      id: { value: "HEX", about: "answer this emergency and end" },
      answer: { value: "WORD", about: "grant or refuse; with --id" },
      approval: { value: "F", about: "grant by these bytes instead, such as what a passkey signed" },
      ...SIGN_IN,
      json,
    },
    notes: [
      "Asks on a terminal. Elsewhere it shows what waits; answer with --id and --answer.",
      "A passkey signs approvals alone: it can neither ask an enclave what waits nor refuse. With --passkey, --key asks: the key file of anybody to whom the enclave shows the emergency, such as the one that asked for it. What the page makes counts as --person's.",
      "Whoever is to see and refuse emergencies by themselves needs an entry with a key file in the constitution, beside the one with the passkey.",
    ],
    load: () => import("../commands/break-glass-watch.ts"),
  },
  {
    name: "break-glass show",
    summary: "how the emergencies of a key stand",
    inputs: "",
    count: [0, 0],
    options: { ...ENCLAVE, key: { value: "F", about: "the submitter's key file", required: true }, purpose, ...SIGN_IN, json },
    notes: [],
    load: () => import("../commands/break-glass-show.ts"),
  },
  {
    name: "break-glass notices",
    summary: "an auditor's notices, and which were withheld",
    inputs: "[RESULT…]",
    count: [0, MANY],
    options: { host, trust, key: { value: "F", about: "the auditor's key file", required: true }, json },
    notes: [
      "RESULT: result files; a count above what the notices tell of shows one withheld. Exit 10 then.",
      "No host wants sign-in for notices: whoever runs it is not to know which auditor looks.",
    ],
    load: () => import("../commands/break-glass-notices.ts"),
  },
];
