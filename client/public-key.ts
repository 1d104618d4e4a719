import { createPublicKey } from "node:crypto";
import { ConfigurationError, fromHex, toHex, type SealingPublicKey, type SigningPublicKey, type SuiteId } from "@caladrius/wire";
import { sentence } from "./errors.ts";
import type { SubmitterKey } from "./keys.ts";
import { SUITE_ORDER } from "./suites.ts";

/** The public half of a submitter's keys: whoever holds them may use grants given to them, and open replies sealed to them. */
export interface SubmitterPublicKey {
  readonly signing: SigningPublicKey;
  readonly sealing: SealingPublicKey;
}

/** The public half as a file holds it: JSON, nothing secret. */
export function renderPublicKey({ signing, sealing }: Pick<SubmitterKey, "signing" | "sealing">): string {
  const json = { caladriusPublicKey: FILE_VERSION, signing: toHex(signing.key), suite: sealing.suite, sealing: toHex(sealing.publicKey) };
  return `${JSON.stringify(json, null, 2)}\n`;
}

/** Reads what `renderPublicKey` wrote. @throws ConfigurationError public-key-form */
export function parsePublicKey(text: string): SubmitterPublicKey {
  const entries = readObject(text);
  const suite = SUITE_ORDER.find((one) => one === entries.get("suite"));
  const [signing, sealing] = ["signing", "sealing"].map((name) => hexOf(entries.get(name)));
  if (
    entries.get("caladriusPublicKey") !== FILE_VERSION ||
    entries.size !== 4 ||
    suite === undefined ||
    signing?.length !== SIGNING_BYTES ||
    sealing?.length !== SEALING_BYTES[suite]
  )
    throw new ConfigurationError("public-key-form", sentence("public-key-form", null));
  return { signing: { alg: "Ed25519", key: signing }, sealing: { suite, publicKey: sealing } };
}

/**
 * Reads a key that verifies signatures: the file of a submitter's public half, or Ed25519 or P-256 in PEM (SubjectPublicKeyInfo).
 * @throws ConfigurationError public-key-form
 */
export function parseVerifyingKey(text: string): SigningPublicKey {
  if (!text.includes("-----BEGIN PUBLIC KEY-----")) return parsePublicKey(text).signing;
  try {
    const key = createPublicKey(text);
    const spki = key.export({ format: "der", type: "spki" });
    if (key.asymmetricKeyType === "ed25519") return { alg: "Ed25519", key: new Uint8Array(spki.subarray(-SIGNING_BYTES)) };
    if (key.asymmetricKeyDetails?.namedCurve === "prime256v1") return { alg: "ESP256", key: new Uint8Array(spki.subarray(-P256_BYTES)) };
  } catch {
    // said below
  }
  throw new ConfigurationError("public-key-form", sentence("public-key-form", "PEM, but no public key of Ed25519 or P-256"));
}

function readObject(text: string): ReadonlyMap<string, unknown> {
  try {
    const json: unknown = JSON.parse(text);
    return new Map(Object.entries(json as Record<string, unknown>));
  } catch {
    return new Map();
  }
}

function hexOf(value: unknown): Uint8Array | undefined {
  return typeof value === "string" && /^([0-9a-f]{2})+$/.test(value) ? fromHex(value) : undefined;
}

const FILE_VERSION = 1;
const SIGNING_BYTES = 32;
const P256_BYTES = 65;
/** RFC 9180 §7.1, and draft-ietf-hpke-pq for the hybrid. */
const SEALING_BYTES: Readonly<Record<SuiteId, number>> = { "MLKEM768-X25519": 1216, X25519: 32 };
