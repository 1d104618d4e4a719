import { createHash, createPublicKey } from "node:crypto";
import { createSignatures } from "@caladrius/attestation-verifier/signatures";
import { ConfigurationError, type SigningPublicKey } from "@caladrius/wire";
import { sentence } from "../errors.ts";
import { parseVerifyingKey } from "../public-key.ts";
import { optionalText, toElement, type Element } from "../read/fhir-elements.ts";
import { parseJson } from "../read/json.ts";
import { DEFAULT_READ_LIMITS, type ReadLimits } from "../read/limits.ts";
import { quote, ReadError } from "../read/problems.ts";
import { GrantError } from "./errors.ts";

/** The key by which an issuer's tickets are verified. */
export interface TicketIssuerKey {
  readonly key: SigningPublicKey;
  /** a ticket that names a key must name this one; null for any */
  readonly keyId: string | null;
}

/**
 * Reads an issuer's public key: one JWK (RFC 7517), or PEM, of Ed25519 or P-256.
 * @throws ConfigurationError public-key-form
 */
export function parseTicketIssuerKey(text: string): TicketIssuerKey {
  if (!text.trimStart().startsWith("{") || text.includes('"caladriusPublicKey"')) return { key: parseVerifyingKey(text), keyId: null };
  try {
    const jwk = toElement(parseJson(text, LIMITS), "JWK");
    for (const member of jwk.map.keys()) if (!JWK_MEMBERS.has(member)) throw keyForm(`member ${quote(member)}`);
    const [crv, alg, use] = ["crv", "alg", "use"].map((member) => optionalText(jwk, member));
    const key = { kty: optionalText(jwk, "kty"), crv, x: optionalText(jwk, "x"), y: optionalText(jwk, "y") };
    const pem = createPublicKey({ key: dropNulls(key), format: "jwk" }).export({ format: "pem", type: "spki" });
    const read = parseVerifyingKey(pem.toString());
    if (alg !== null && !ALGORITHMS.get(read.alg)?.has(alg ?? "")) throw keyForm("an algorithm of another key");
    if (use !== null && use !== "sig") throw keyForm("a key of another use");
    return { key: read, keyId: optionalText(jwk, "kid") };
  } catch (error) {
    if (error instanceof ConfigurationError) throw error;
    throw keyForm("no public JWK of Ed25519 or P-256");
  }
}

/**
 * Verifies a ticket's signature before anything of its payload is read (RFC 7515 §5.2): compact serialization, ES256 or
 * EdDSA with Ed25519, as the issuer's key has it and whatever the header says; no critical extensions, no keys from headers.
 *
 * @param bytes attacker-controlled; one line end behind the ticket is left out
 * @returns its claims, duplicates refused, and SHA-256 of the ticket's own bytes
 * @throws GrantError ticket-form, ticket-signature
 */
export async function openTicket(bytes: Uint8Array, issuer: TicketIssuerKey): Promise<{ claims: Element; digest: Uint8Array }> {
  if (bytes.length > MAX_BYTES) throw form(null, `at most ${MAX_BYTES} bytes`, `${bytes.length}`);
  const ticket = Buffer.from(bytes)
    .toString("latin1")
    .replace(/\r?\n$/, "");
  const parts = ticket.split(".");
  const [header = "", payload = "", signature = ""] = parts;
  if (parts.length !== 3) throw form(null, "header, payload and signature", `${parts.length} parts`);
  refuseHeader(objectOf(header, "header"), issuer);
  const backend = createSignatures();
  const signed = Buffer.from(`${header}.${payload}`, "latin1");
  const raw = fromBase64url(signature, "signature");
  const { alg, key } = issuer.key;
  const genuine = alg === "Ed25519" ? await backend.verifyEd25519(key, signed, raw) : await backend.verifyEs256(key, signed, raw);
  if (genuine !== true) throw new GrantError("ticket-signature", { actual: "not this key's signature" });
  return { claims: objectOf(payload, "$"), digest: new Uint8Array(createHash("sha256").update(ticket, "latin1").digest()) };
}

/** Members that this does not know could change what is signed or by whom (RFC 7515 §4.1.11), so there are none. */
function refuseHeader(header: Element, { key, keyId }: TicketIssuerKey): void {
  const fault = (member: string, expected: string, actual: string): GrantError =>
    new GrantError("ticket-signature", { where: `header.${member}`, expected, actual });
  for (const member of header.map.keys()) if (!HEADER_MEMBERS.has(member)) throw fault(member, "alg, typ and kid alone", "another member");
  const [alg, typ, kid] = readHeader(header);
  const algorithms = [...(ALGORITHMS.get(key.alg) ?? [])];
  if (alg === null || !algorithms.includes(alg)) throw fault("alg", algorithms.join(" or "), alg === null ? "none" : quote(alg));
  if (typ !== null && typ !== "JWT") throw fault("typ", "JWT", quote(typ));
  if (keyId !== null && kid !== null && kid !== keyId) throw fault("kid", quote(keyId), quote(kid));
}

function readHeader(header: Element): [alg: string | null, typ: string | null, kid: string | null] {
  return asForm(() => [optionalText(header, "alg"), optionalText(header, "typ"), optionalText(header, "kid")]);
}

function objectOf(part: string, where: string): Element {
  const bytes = fromBase64url(part, where);
  return asForm(() => {
    let text: string;
    try {
      text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch {
      throw form(where, "UTF-8", "other bytes");
    }
    return toElement(parseJson(text, LIMITS), where);
  });
}

/** What strict readers of JSON refuse, as a fault of the ticket's form. @throws GrantError ticket-form */
export function asForm<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof ReadError) throw form(error.where, error.expected, error.actual);
    throw error;
  }
}

/** RFC 7515 §2: without padding; one text for each bytes. */
function fromBase64url(text: string, where: string): Uint8Array {
  const bytes = Buffer.from(text, "base64url");
  if (text === "" || bytes.toString("base64url") !== text) throw form(where, "base64url without padding", "another text");
  return new Uint8Array(bytes);
}

function form(where: string | null, expected: string, actual: string): GrantError {
  return new GrantError("ticket-form", { ...(where === null ? {} : { where }), expected, actual });
}

function keyForm(detail: string): ConfigurationError {
  return new ConfigurationError("public-key-form", sentence("public-key-form", detail));
}

function dropNulls(members: Readonly<Record<string, string | null | undefined>>): Record<string, string> {
  return Object.fromEntries(Object.entries(members).filter((one): one is [string, string] => typeof one[1] === "string"));
}

/** RFC 7518 §3.4, RFC 8037 §3.1, RFC 9864 §2.2. */
const ALGORITHMS: ReadonlyMap<SigningPublicKey["alg"], ReadonlySet<string>> = new Map([
  ["ESP256", new Set(["ES256"])],
  ["Ed25519", new Set(["EdDSA", "Ed25519"])],
]);
const HEADER_MEMBERS: ReadonlySet<string> = new Set(["alg", "typ", "kid"]);
/** Those of a public key; with `d` it would be a private one. */
const JWK_MEMBERS: ReadonlySet<string> = new Set(["kty", "crv", "x", "y", "kid", "alg", "use"]);
const MAX_BYTES = 65_536;
const LIMITS: ReadLimits = { ...DEFAULT_READ_LIMITS, maxJsonDepth: 16, maxJsonValues: 4096 };
