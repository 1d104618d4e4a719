import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { CODE } from "@caladrius/attestation-verifier";
import { REQUIRED_CODE, STATUS_CODE, RELEASE_CODE } from "@caladrius/attestation-verifier/governance";
import { CLIENT_CODE, READ_CODE } from "@caladrius/client";
import { ENCLAVE_REFUSAL, HOST_CODE, HTTP_STATUS, type HostCode } from "@caladrius/host";
import { IMAGE_CODE } from "@caladrius/image";
import { DENIAL } from "@caladrius/policies";
import { AUTHORING_CODE } from "@caladrius/policies/authoring";
import { KEY_POLICY_CODE, KEY_POLICY_WARNING } from "@caladrius/policies/kms";
import { ENCLAVE_ERROR, WIRE_CODE, type EnclaveErrorName } from "@caladrius/wire";
import { FLEET_CODE } from "caladrius/fleet-codes";
import { describe, expect, it } from "vitest";

/** Codes of errors that are thrown to whoever starts or runs something, with what to do. */
const RUNNING: Readonly<Record<string, string>> = {
  // operator, at start
  "boot-bundle-cedar-policies":
    "the bundle's Cedar policies do not parse, permit nothing, hold a template, or do not validate strictly against its schema",
  "boot-bundle-cedar-requests": "the bundle's Cedar schema does not fit what this program tells Cedar: begin with CEDAR_SCHEMA",
  "boot-bundle-cedar-schema": "the bundle's Cedar schema does not parse",
  "boot-bundle-constitution": "the bundle was made for another constitution: hand over the two that belong together",
  "boot-bundle-quorum": "the bundle's approvals do not reach the constitution's quorum: get the approvals that are missing",
  "boot-signature": "a constitution or bundle that none of the constitution's approvers signed",
  "configuration-bytes": "a file given to the host is empty or too large, or a KMS socket stands without an endpoint",
  "deployment-unreadable": "a file of a development deployment was changed: move the folder away to start a new one",
  "deployment-kms": "the folder's development constitution names another KMS, and it never changes: take another --data",
  "detector-parameters": "the bundle gives a detector a parameter that it does not have, or a value outside its range",
  "image-measurement": "the application ramdisk is not the one that was measured: build the image again",
  "init-not-ours":
    "an init that relays nothing, such as AWS's, was given for our own image: leave --init out, or give one compiled from init.c",
  "kms-certificate-authority":
    "the simulated KMS's tls-authority.pem cannot be used or ends soon: remove it, and give clients the new ca.pem",
  "kms-data": "the folder of the simulated KMS cannot be used",
  "kms-file-mode": "a private file of the simulated KMS can be read by others: chmod 600",
  "kms-listen": "the simulated KMS cannot listen there: choose another port, or an IPv4 address of this machine",
  "kms-locked": "another simulated KMS runs on this folder: stop it or use another --data",
  "kms-master-key": "the keys in the folder were written under another master.key: bring that one back",
  "kms-principals": "principals.json is not what docs/KMS.md says: correct it, or remove it to get an administrator",
  "kms-region": "a region that is not like eu-central-1",
  "kms-version": "the folder of the simulated KMS was written by a newer version: run that, or use another --data",
  "kms-tls-roots": "a TLS root in the constitution is not one certificate in DER",
  "libraries-missing": "system libraries that Node needs were not found for the image",
  "listen-failed": "the port is in use or not allowed: choose another with --port",
  "node-package-missing": "the Node that goes into the image is not installed: npm ci, on Linux x64 or arm64",
  "nsm-pcrs": "the simulator was given platform PCRs of a wrong index or length",
  "pki-clock": "the machine's clock is outside 2000 to 2049",
  "pki-directory": "the simulator's folder cannot be made or written",
  "pki-module-id": "a module id that is not i-<17 hex>-enc<16 hex>",
  "pki-region": "a region of more than 20 characters, or of other characters",
  "pki-root-expired": "the simulator's root has ended: remove its folder to get a new one, and give out the new trust file",
  "pki-root-file": "the simulator's root cannot be read: remove its folder to get a new one",
  "pki-root-mode": "the simulator's root key can be read by others: chmod 600",
  "qemu-machine": "a QEMU without the machine nitro-enclave: take one for x86_64 that was built with libcbor and gnutls",
  "qemu-memory": "less memory than the image needs",
  "qemu-missing": "the QEMU that was named does not run",
  "qemu-version": "a QEMU older than 9.2",
  "socket-listen": "a Unix socket cannot be made there: it exists, or the folder may not be written",
  "socket-path": "the path of a Unix socket is longer than 107 bytes: use a shorter TMPDIR",
  "status-list-policy": "the status list forbids the policy bundle in force: bring a newer bundle",
  "status-list-release": "the status list revokes the release of this image: run another one",
  "status-list-stale": "the status list has expired, and so has the grace for care: bring a newer one",
  "status-list-url": "the address of a status list is none of http or https, or holds a password",
  "status-memory": "the file of --remember was changed or is another one: bring a copy back, or remove it and older lists count again",
  "store-locked": "another host runs on this data folder: stop it or use another --data",
  "store-unreadable": "the data folder cannot be used",
  "store-version": "the data folder was written by a newer version: run that, or use another --data",
  // whoever sent it
  "file-size": "a file larger than is read",
  "frame-limit": "a frame or message larger than the protocol allows",
  "job-too-large": "a recording that does not fit a sealed job of 32 MiB: split it",
  "vsock-line": "a vsock peer that does not speak the handshake",
  "vsock-timeout": "a vsock peer that did not answer in time",
  // try again
  "enclave-exited": "the enclave ended before it listened; its lines say why",
  "enclave-silent": "the enclave did not listen in time: the machine may be overloaded",
  "enclave-timeout": "the enclave did not answer in time",
  "enclave-unavailable": "the enclave is not connected, or not yet booted",
  "fleet-not-served": "the enclave serves no epoch of the fleet yet; the host's log and /readyz say why",
  "host-not-ready": "the host has no attestation yet; its log says why",
  "kms-call": "the simulated KMS refused a call; it names the operation and AWS's error",
  "nsm-lost": "the connection to the NSM was cut",
  "nsm-request-too-large": "a request to the NSM above 4096 bytes",
  "nsm-unreachable": "the NSM does not answer",
  "qemu-exited": "QEMU, or the enclave in it, ended; its last line says why",
  "qemu-heartbeat": "init in QEMU did not send the heartbeat in time: see docs/BOOT.md for vsock devices that lose it",
  "store-unavailable": "the job store could not write: look at disk and permissions",
  "time-unknown": "the enclave has not read a time from the NSM yet",
  "vsock-refused": "nobody listens at that vsock port",
};

/** `image verify` tells an image that is well-formed and another one, or not genuine, from a broken one. */
const IMAGE_EXIT: Readonly<Record<string, string>> = {
  "eif-signature-invalid": "10, 30",
  "eif-signature-pcr0": "10, 30",
  "eif-version": "20",
  "image-pcr": "10",
  "image-trust": "10",
  "source-unsupported": "20",
};

/** Codes of `InvariantError`: bugs, reported with the sentence that came with them. */
const BUGS: readonly string[] = [
  "absent-module",
  "clock-contradiction",
  "der-length",
  "der-time",
  "internal",
  "kms-curve",
  "kms-material",
  "pcr-mismatch",
];

describe("docs/ERRORS.md", () => {
  it("is what the tables say (write it with: npm run vitest -- test/errors-document -u)", async () => {
    await expect(document()).toMatchFileSnapshot("../docs/ERRORS.md");
  });

  it("knows every code that is thrown", () => {
    const known = new Set([
      ...Object.keys({ ...WIRE_CODE, ...CODE, ...HOST_CODE, ...IMAGE_CODE, ...READ_CODE, ...CLIENT_CODE, ...RUNNING }),
      ...BUGS,
    ]);
    expect([...thrownCodes()].filter((code) => !known.has(code)).toSorted()).toEqual([]);
  });

  it("names no code that nobody throws", () => {
    const thrown = thrownCodes();
    expect(Object.keys(RUNNING).filter((code) => !thrown.has(code))).toEqual([]);
  });
});

/** Codes as they stand in `new SomethingError("code", …)`. */
function thrownCodes(): Set<string> {
  const root = join(import.meta.dirname, "..");
  const codes = new Set<string>();
  for (const folder of ["wire", "attestation-verifier", "policies", "enclave", "image", "host", "client", "nitro-sim", "cli"]) {
    for (const entry of readdirSync(join(root, folder), { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name);
      if (
        !entry.isFile() ||
        !entry.name.endsWith(".ts") ||
        entry.name.endsWith(".test.ts") ||
        path.includes("node_modules") ||
        path.includes("test-support")
      )
        continue;
      for (const [, code = ""] of readFileSync(path, "utf8").matchAll(
        /new (?:Configuration|Dependency|Limit|Invariant)Error\(\s*"([a-z0-9-]+)"/g,
      ))
        codes.add(code);
    }
  }
  return codes;
}

function document(): string {
  return `${[
    "# Errors",
    "Every code, from the tables in the code that raise them; a test writes this page. Codes are stable across versions, sentences are not.",
    section(
      "Verdicts",
      "Reasons of a verdict of `verify`, `show` and `attestation verify`, and of trust files. The last column is the exit code.",
      ["code", "stage", "rule", "meaning", "who acts", "exit"],
      rows(CODE, (code, { stage, spec, meaning, status, actor }) => [
        code,
        stage,
        spec,
        meaning,
        actor,
        String({ accepted: 0, refused: 10, unsupported: 20, malformed: 30 }[status]),
      ]),
    ),
    section(
      "Bytes outside the grammar",
      "`WireError` and limits: whoever sent the bytes must act. Exit code 30, for `schema-version` 20; over HTTP 400.",
      ["code", "stage", "rule", "meaning"],
      rows(WIRE_CODE, (code, { stage, spec, meaning }) => [code, stage, spec, meaning]),
    ),
    section(
      "Reading inputs",
      "What a file lacks or has wrong, with file, place, expected and found. The rest of the input goes on.",
      ["code", "rule", "meaning"],
      rows(READ_CODE, (code, { spec, meaning }) => [code, spec, meaning]),
    ),
    section(
      "Submitting",
      "What the client itself refuses. Exit code 10 at the stages seal and reply, 2 for the host's address and the key file, else 3.",
      ["code", "stage", "rule", "meaning"],
      rows(CLIENT_CODE, (code, { stage, spec, meaning }) => [code, stage, spec, meaning]),
    ),
    section(
      "Denials",
      "A job that was opened and denied is answered, with a result whose one disclosure is the code. Only a submitter whose request verified learns which.",
      ["code", "meaning"],
      rows(DENIAL, (code, meaning) => [code, meaning]),
    ),
    section(
      "HTTP",
      "The host answers with problem+json (RFC 9457): `code`, a sentence, and Retry-After where trying again helps.",
      ["code", "status", "rule", "meaning"],
      rows(HOST_CODE, (code, { spec, meaning }) => [code, String(HTTP_STATUS[code as HostCode]), spec, meaning]),
    ),
    section(
      "Enclave to host",
      "A number and a correlation id, nothing more; nothing here depends on opened content.",
      ["code", "number", "meaning and who acts, as the host's log says it"],
      rows(ENCLAVE_ERROR, (code, number) => [code, String(number), ENCLAVE_REFUSAL[code as EnclaveErrorName]]),
    ),
    section(
      "Images",
      "`ImageError`: an EIF, a ramdisk, a source or a key that is not what it should be. The last column is the exit code; where there are two, the first is that of `image verify`.",
      ["code", "stage", "rule", "meaning", "exit"],
      rows(IMAGE_CODE, (code, { stage, spec, meaning }) => [code, stage, spec, meaning, IMAGE_EXIT[code] ?? "30"]),
    ),
    section(
      "Fleets",
      "`FleetError`: a candidate, a record or an approval that does not belong together. Exit code 10.",
      ["code", "rule", "meaning and who acts"],
      rows(FLEET_CODE, (code, { spec, meaning }) => [code, spec, meaning]),
    ),
    section(
      "Releases",
      "`ReleaseError`: a release that is not approved, or a trust file that names releases; the exit code is 10, for `release-form` 30.",
      ["code", "rule", "meaning", "who acts"],
      rows(RELEASE_CODE, (code, { spec, meaning, actor }) => [code, spec, meaning, actor]),
    ),
    section(
      "Status lists",
      "`StatusError`: a status list that is not taken, and what one says about a result. Exit code 10, for reservations 0.",
      ["code", "rule", "meaning", "who acts"],
      rows(STATUS_CODE, (code, { spec, meaning, actor }) => [code, spec, meaning, actor]),
    ),
    section(
      "What a result must show",
      "Verdicts on results that verify, and do not show what a relying party requires (`requireDisclosed`). Exit code 10.",
      ["code", "rule", "meaning", "who acts"],
      rows(REQUIRED_CODE, (code, { spec, meaning, actor }) => [code, spec, meaning, actor]),
    ),
    section(
      "Constitutions and policy bundles",
      "`AuthoringError`: a constitution, a bundle or a description of one that is not taken. The last column is the exit code.",
      ["code", "rule", "meaning and who acts", "exit"],
      rows(AUTHORING_CODE, (code, { spec, meaning, status }) => [code, spec, meaning, status === "refused" ? "10" : "30"]),
    ),
    section(
      "Key policies",
      "`KeyPolicyError`: a KMS key policy that AWS would refuse, or that could be read in two ways. Exit code 30.",
      ["code", "rule", "meaning"],
      rows(KEY_POLICY_CODE, (code, { spec, meaning }) => [code, spec, meaning]),
    ),
    section(
      "Key policy warnings",
      "What a key policy allows and a fleet should not have, by `kms lint`.",
      ["code", "severity", "meaning", "what to do"],
      rows(KEY_POLICY_WARNING, (code, { severity, meaning, fix }) => [code, severity, meaning, fix]),
    ),
    section(
      "Starting and running",
      "What a command, a host or a simulator says to whoever runs it. Exit code 2 for what was given at start, 30 for limits, 3 for what can be tried again.",
      ["code", "meaning and what to do"],
      rows(RUNNING, (code, meaning) => [code, meaning]),
    ),
    section(
      "Bugs",
      "`InvariantError`: please report it. Exit code 1; serving stops.",
      ["code"],
      BUGS.map((code) => [code]),
    ),
  ].join("\n\n")}\n`;
}

function rows<V>(table: Readonly<Record<string, V>>, row: (code: string, entry: V) => string[]): string[][] {
  return Object.entries(table).map(([code, entry]) => row(code, entry));
}

function section(title: string, text: string, head: readonly string[], body: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  const coded = body.map(([code = "", ...rest]) => line([`\`${code}\``, ...rest]));
  return [`## ${title}`, "", text, "", line(head), line(head.map(() => "---")), ...coded].join("\n");
}
