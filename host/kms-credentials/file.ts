import { open } from "node:fs/promises";
import { encodeCredentials, type Credentials } from "@caladrius/wire";
import { escapeText } from "../text.ts";
import { CredentialProblem, NEVER_MS, type CredentialSource } from "./source.ts";

/**
 * Credentials in a file of the form that AWS's `credential_process` prints (AWS SDKs and Tools Reference Guide, "Process
 * credential provider"): {"Version": 1, "AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"}, of which the last
 * two may be missing. Whoever renews them replaces the file; it is read every few seconds. Only its owner may read it.
 */
export function credentialFile(path: string): CredentialSource {
  const name = `the file ${escapeText(path)}`;
  return { name, everyMs: LOOK_EVERY_MS, read: async () => parse(await readSecret(path, name), name) };
}

async function readSecret(path: string, name: string): Promise<string> {
  const file = await open(path, "r").catch((error: NodeJS.ErrnoException) => {
    throw new CredentialProblem(
      `${name} cannot be opened (${error.code ?? "error"}); the operator gives --kms-credentials a file that this user may read`,
    );
  });
  try {
    // The open file is asked, not the path, so that nobody can change it in between.
    const stat = await file.stat();
    if (!stat.isFile() || stat.size > MAX_BYTES)
      throw new CredentialProblem(`${name} is no file of at most ${MAX_BYTES} bytes; the operator gives --kms-credentials the right one`);
    if (process.platform !== "win32" && (stat.mode & OTHERS) !== 0)
      throw new CredentialProblem(
        `${name} has mode ${(stat.mode & 0o777).toString(8)}: others may read or change it; the operator has new credentials issued and makes the file 0600`,
      );
    return await file.readFile("utf8");
  } finally {
    await file.close();
  }
}

/** The parser's own message would repeat a part of the text, so it is never passed on. */
function parse(text: string, name: string): Credentials {
  const wrong = (what: string): CredentialProblem =>
    new CredentialProblem(
      `${name} is not what credential_process prints (${what}); whoever writes it writes Version, AccessKeyId, SecretAccessKey, SessionToken and Expiration`,
    );
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw wrong("no JSON");
  }
  const fields = new Map(Object.entries(typeof json === "object" && json !== null ? json : {}));
  if (fields.get("Version") !== 1) throw wrong("Version is not 1");
  const credentials = {
    accessKeyId: fields.get("AccessKeyId"),
    secretAccessKey: fields.get("SecretAccessKey"),
    sessionToken: fields.get("SessionToken") ?? "",
    expiresMs: instant(fields.get("Expiration") ?? null),
  };
  try {
    encodeCredentials(credentials as Credentials); // the lengths that an enclave takes
  } catch {
    throw wrong("a part is missing or too long");
  }
  return credentials as Credentials;
}

/** ISO 8601 with an offset; null when it is none, so that the encoder refuses it. */
function instant(value: unknown): number | null {
  if (value === null) return NEVER_MS;
  if (typeof value !== "string" || !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:?\d\d)$/.test(value)) return null;
  const ms = Date.parse(value);
  return Number.isNaN(ms) ? null : Math.floor(ms);
}

const LOOK_EVERY_MS = 5_000;
const MAX_BYTES = 64 * 1024;
const OTHERS = 0o077;
