// @evervault/attestation-bindings 1.0.0, the Node half of Evervault's attestation-doc-validation 0.6 (Rust).
//
// The library alone: attestEnclave(TLS certificate, expected PCRs[], document) -> boolean: form of the payload, path to the AWS
// root embedded in it, validity at the operating system's clock, COSE signature, user_data equal to the SubjectPublicKeyInfo of
// the certificate, and PCR0, 1, 2 and 8 against each entry of the list. No call judges a document alone.
// Given by the adapter: a certificate around the very key that user_data holds (the library does not verify the certificate); the
// kit's root in a copy of the native file; the clock by Debian's libfaketime in a child process (package faketime).
// Cannot be given: a nonce, other registers, documents whose user_data is no key. The last are judged all the same: whatever comes
// before that comparison may refuse them, and only when the comparison itself is what fails is the answer "cannot".
import { spawnSync } from "node:child_process";
import { createPublicKey } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AWS_ROOT_NAME, Cannot, INSTALL, peekUserData, replacePem, runAdapter } from "./adapter.mjs";
import { fourRegisters } from "./evervault-pcrs.mjs";

/** The library with this root and this process's clock, asked again and again: () => boolean; its reasons go to stderr. */
export function prepare({ document, root, pcrSets }) {
  const sets = pcrSets.map(fourRegisters);
  const library = loadLibrary(root);
  const certificate = certificateAround(peekUserData(document));
  const bytes = Buffer.from(document);
  return () => library.attestEnclave(certificate, sets, bytes);
}

/** What makes a program of this kind see `atMs` as the time: variables of its environment. */
export function clockVariables(atMs) {
  const library = FAKETIME.find((path) => existsSync(path));
  if (library === undefined) throw new Cannot("cannot be given a time without Debian's libfaketime: apt-get install faketime");
  const time = new Date(atMs).toISOString().slice(0, 19).replace("T", " ");
  return { LD_PRELOAD: library, FAKETIME: time, FAKETIME_DONT_FAKE_MONOTONIC: "1", FAKETIME_DONT_RESET: "1", TZ: "UTC" };
}

function loadLibrary(root) {
  const require = createRequire(import.meta.url);
  const name = `@evervault/attestation-bindings-${process.platform}-${process.arch}${process.platform === "linux" ? "-gnu" : ""}`;
  let file;
  try {
    file = require.resolve(name);
  } catch {
    throw new Cannot(`${name} is not installed: ${INSTALL}`);
  }
  if (root === AWS_ROOT_NAME) return require(file);
  const folder = mkdtempSync(join(tmpdir(), "peer-"));
  try {
    const copy = join(folder, "attestation.node");
    writeFileSync(copy, replacePem(readFileSync(file), root));
    return require(copy);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A certificate whose key is these bytes when they can be one, another's key otherwise. Nobody signed it. */
function certificateAround(userData) {
  const spki = isPublicKey(userData) ? Buffer.from(userData) : SOME_KEY;
  const name = der(0x30);
  const dates = der(0x30, time("200101000000Z"), time("491231235959Z"));
  const tbs = der(0x30, Buffer.from("a003020102", "hex"), Buffer.from("020101", "hex"), ECDSA_WITH_SHA384, name, dates, name, spki);
  return der(0x30, tbs, ECDSA_WITH_SHA384, der(0x03, Buffer.alloc(9)));
}

function isPublicKey(bytes) {
  if (bytes === null) return false;
  const spki = { format: "der", type: "spki" };
  try {
    return createPublicKey({ ...spki, key: Buffer.from(bytes) })
      .export(spki)
      .equals(bytes);
  } catch {
    return false;
  }
}

function time(text) {
  return der(0x17, Buffer.from(text, "latin1"));
}

function der(tag, ...parts) {
  const body = Buffer.concat(parts);
  const length = body.length < 128 ? [body.length] : body.length < 256 ? [0x81, body.length] : [0x82, body.length >> 8, body.length & 255];
  return Buffer.concat([Buffer.from([tag, ...length]), body]);
}

/** In the child: exit 0 or 10. In the parent: the child under the clock asked for, and the reason it printed. */
function decide(task) {
  const part = process.env["CALADRIUS_PEER_CHILD"];
  if (part === "as it is") return prepare(task)();
  if (part === "signature broken") return prepare({ ...task, document: breakSignature(task.document) })();
  if (task.nonce !== null) throw new Cannot("attestEnclave takes no nonce and gives none back");
  const clock = task.atMs === null ? {} : clockVariables(task.atMs);
  const { status, stderr } = runChild("as it is", clock);
  process.stderr.write(stderr);
  // The library has one text for an impossible public_key and for another key than the certificate's. It looks at the former
  // before the signature and at the latter behind it, so breaking the signature tells which it was.
  const binding =
    stderr.includes(NO_USER_DATA) || (stderr.includes(KEY_TEXT) && !runChild("signature broken", clock).stderr.includes(KEY_TEXT));
  if (status === 10 && binding) throw new Cannot("all was passed but the comparison of user_data with a TLS key");
  return status === 0;
}

function runChild(part, clock) {
  const env = { ...process.env, ...clock, CALADRIUS_PEER_CHILD: part };
  const { status, signal, stderr } = spawnSync(process.execPath, process.argv.slice(1), { env, encoding: "utf8" });
  if (status === 20) throw new Cannot(stderr.trim());
  if (status !== 0 && status !== 10) throw new Error(`the library ended with ${signal ?? status}: ${stderr}`);
  return { status, stderr };
}

function breakSignature(document) {
  return document.with(document.length - 1, (document.at(-1) ?? 0) ^ 1);
}

const FAKETIME = ["x86_64-linux-gnu", "aarch64-linux-gnu"].map((triple) => `/usr/lib/${triple}/faketime/libfaketime.so.1`);
const ECDSA_WITH_SHA384 = Buffer.from("300a06082a8648ce3d040303", "hex");
/** Ed25519 (RFC 8410), 32 zero bytes. */
const SOME_KEY = Buffer.from(`302a300506032b6570032100${"00".repeat(32)}`, "hex");
const NO_USER_DATA = "User data was not set";
const KEY_TEXT = "The public key length in the attestation doc was invalid";

await runAdapter(import.meta.url, decide);
