import { createPublicKey, generateKeyPairSync } from "node:crypto";
import { toHex, type Approver } from "@caladrius/wire";
import { chooseOrigin } from "../approval/passkey.ts";
import { servePage } from "../approval/serve.ts";
import type { Arguments } from "../arguments.ts";
import { EXIT, UsageError, type ExitCode } from "../exit.ts";
import { refuseExisting, writeWhole } from "../files.ts";
import type { Terminal } from "../print.ts";

/** Makes a key for somebody who is to approve, and prints the entry that a constitution has for them. */
export async function run(args: Arguments, terminal: Terminal): Promise<ExitCode> {
  const [person, role] = [args.text("person"), args.text("role")];
  for (const [name, value] of Object.entries({ person, role }))
    if (value === "" || value.length > MAX_NAME) throw new UsageError(`--${name} must have 1 to ${MAX_NAME} characters`);
  const [out, byPasskey] = [args.optional("out"), args.flag("passkey")];
  if ((out === null) !== byPasskey) throw new UsageError("give either --out FILE for a key file, or --passkey");
  const approver = out === null ? await passkeyOf(args, person, role, terminal) : await keyFileOf(out, args.flag("force"), person, role);
  const entry = { ...approver, key: { alg: approver.key.alg, key: toHex(approver.key.key) } };
  terminal.object({ ...entry, out });
  for (const line of JSON.stringify(entry, null, 2).split("\n")) terminal.line(line);
  if (out !== null) terminal.note(`wrote ${out} (0600): whoever can read it approves as ${person}`);
  return EXIT.ok;
}

async function keyFileOf(out: string, force: boolean, person: string, role: string): Promise<Approver> {
  if (!force) await refuseExisting(out);
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  await writeWhole(out, privateKey.export({ format: "pem", type: "pkcs8" }), { force, mode: 0o600 });
  const raw = publicKey.export({ format: "der", type: "spki" }).subarray(-32);
  return { person, role, key: { alg: "Ed25519", key: new Uint8Array(raw) }, passkey: null };
}

async function passkeyOf(args: Arguments, person: string, role: string, terminal: Terminal): Promise<Approver> {
  const origin = chooseOrigin([`http://localhost:${args.integer("port", 1, 65_535, DEFAULT_APPROVAL_PORT)}`], null);
  const key = await servePage({
    origin,
    question: { ask: "register", person, role, rpId: RP_ID },
    answerName: "passkey",
    ready: (address) => terminal.note(`open ${address} in the browser that will approve later`),
    take: (body) => Promise.resolve(isPoint(body) ? { taken: body } : { refused: "no public key of P-256" }),
  });
  return { person, role, key: { alg: "ESP256", key }, passkey: { rpId: RP_ID, origins: [origin] } };
}

/** Whether bytes are an uncompressed point of P-256. */
function isPoint(bytes: Uint8Array): boolean {
  if (bytes.length !== 65 || bytes[0] !== 4) return false;
  const coordinate = (from: number): string => Buffer.from(bytes.subarray(from, from + 32)).toString("base64url");
  try {
    createPublicKey({ key: { kty: "EC", crv: "P-256", x: coordinate(1), y: coordinate(33) }, format: "jwk" });
    return true;
  } catch {
    return false;
  }
}

const MAX_NAME = 128;
const RP_ID = "localhost";
const DEFAULT_APPROVAL_PORT = 7311;
