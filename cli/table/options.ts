import type { Option } from "../command.ts";
import { DEFAULT_PORT } from "../defaults.ts";

// What several commands take, each said once.

export const json: Option = { value: null, about: "one JSON object a line instead of text" };
export const data: Option = {
  value: "DIR",
  about: "where keys, jobs and the simulator's state are kept (default: $XDG_STATE_HOME/caladrius or ~/.local/state/caladrius)",
};
export const port: Option = { value: "P", about: `port of the HTTP API on 127.0.0.1; 0 takes a free one (default: ${DEFAULT_PORT})` };
export const trust: Option = { value: "FILE", about: "trust file: which roots and measurements you accept", required: true };
export const release: Option = {
  value: "F.release",
  about: "the enclave must run this approved release, which goes into each result; for trust files that take approved ones",
};
export const zone: Option = { value: "ZONE", about: "of times without offset in CSV files, such as Europe/Berlin or +01:00" };
export const detector: Option = { value: "ID", about: "run this detector only; without it all that apply", multiple: true };
export const strict: Option = { value: null, about: "exit 10 for a warning as well" };
/** Of every command that verifies evidence; evidence-options.ts reads them. */
export const EVIDENCE_OPTIONS: Readonly<Record<string, Option>> = {
  crl: { value: "FILE", about: "certificate revocation list in DER, to be applied; nothing is fetched", multiple: true },
  checks: { value: null, about: "every check with what was expected and found" },
  ear: { value: "FILE", about: "write the verdict as EAR (draft-ietf-rats-ear): JSON for a name in .json, else CBOR" },
  force: { value: null, about: "overwrite a file that exists" },
  strict,
};
/** Of every command that takes a person's approval; approval/signer.ts reads them. */
export const BY_PASSKEY: Readonly<Record<string, Option>> = {
  passkey: { value: null, about: "ask your passkey, on a page that this command serves on localhost" },
  port: { value: "P", about: "with --passkey: which of the constitution's origins (default: its first)" },
};
export const MANY: number = Number.MAX_SAFE_INTEGER;

export const INPUT_NOTE: readonly string[] = [
  "An INPUT is a file or a folder (all .hea .json .ndjson .ndjson.gz .csv files in it, sorted): FHIR R4 (Observation, Bundle, NDJSON), WFDB (.hea with formats 16, 80, 212, 310, 311 and .mat) or CSV.",
  "One job per subject, and several, one after another in time, where a recording is larger than a sealed job holds.",
];
/** Of commands that start a simulated enclave; given-deployment.ts reads them. */
export const OWN_DEPLOYMENT: Readonly<Record<string, Option>> = {
  constitution: { value: "F", about: "boot with your own constitution (default: a development one, whose key lies in --data)" },
  bundle: { value: "F", about: "your own policy bundle with its approvals" },
  "status-list": { value: "F", about: "your own status list; the file is watched" },
};
/** Of commands that ask a host which may want sign-in; sign-in-options.ts reads them. */
export const SIGN_IN: Readonly<Record<string, Option>> = {
  token: { value: "FILE", about: "access token for a host that wants sign-in" },
  "token-url": { value: "URL", about: "or where to ask for one, with client credentials" },
  "client-id": { value: "ID", about: "who asks there" },
  "client-secret-file": { value: "FILE", about: "with this secret" },
  "client-key": { value: "FILE", about: "or with this private key in PEM (private_key_jwt)" },
  "token-scope": { value: "SCOPE", about: "for this scope" },
};
