import { sign } from "node:crypto";
import { ConfigurationError, encodeCbor } from "@caladrius/wire";
import { concat, hex } from "../../generate/der.ts";
import { defaultFields, encodeFields, makeDocument } from "../../generate/test-document.ts";
import { makeResultFile, trustText } from "../../generate/test-result.ts";
import { makeChain, type TestChain } from "../../generate/test-pki.ts";
import type { TimeMode } from "../../evidence/mode.ts";
import { signatures as node } from "../../signatures/node.ts";
import { rememberSignatures } from "../../signatures/remember.ts";
import { verifyTimeStamp } from "../../time/verify-time-stamp.ts";
import { parseTrustFile, type TrustFile } from "../../trust/trust-file.ts";
import { CODE, type Code } from "../../verdict/code.ts";
import { Refusal } from "../../verdict/refusal.ts";
import type { Verdict } from "../../verdict/verdict.ts";
import { verifyAttestationDocument } from "../../verdict/verify-attestation-document.ts";
import { verifyResultFile } from "../../verdict/verify-result-file.ts";

/** A genuine document and result file under a test root, and the trust file that accepts them. */
export const chain: TestChain = makeChain();
export const document: Uint8Array = makeDocument({ chain }).bytes;
export const fields: ReturnType<typeof defaultFields> = defaultFields(chain);
export const payload: Uint8Array = encodeFields(fields);
export const result: ReturnType<typeof makeResultFile> = makeResultFile({ chain });
/** The document has no PCR16, which verifies results; so it is trusted without. */
export const documentTrust: TrustFile = parseTrustFile(
  trustText(chain.root, { pcrs: [{ 0: "10".repeat(48), 1: "11".repeat(48), 2: "12".repeat(48) }] }),
);
export const resultTrust: TrustFile = parseTrustFile(result.trust);
export const ARCHIVED: TimeMode = { kind: "archived", atMs: null, nonce: null };

/** The certificates that were not touched are the same in thousands of inputs; genuine signatures are remembered. */
const signatures = rememberSignatures(node);

/**
 * The code of the verdict about a document. Throws for anything but a verdict of the documented shape: a check that
 * crashes is no refusal.
 */
export async function judgeDocument(bytes: Uint8Array): Promise<string> {
  return codeOf(await verifyAttestationDocument(bytes, documentTrust, ARCHIVED, signatures));
}

/** The same for a result file. */
export async function judgeResult(bytes: Uint8Array): Promise<string> {
  return codeOf(await verifyResultFile(bytes, resultTrust, {}, signatures));
}

/** The code with which the text of a trust file is refused. */
export async function judgeTrust(text: string): Promise<string> {
  try {
    parseTrustFile(text);
    return "accepted";
  } catch (error) {
    if (!(error instanceof ConfigurationError) || CODE[error.code as Code].stage !== "trust") throw error;
    return error.code;
  }
}

/** The same for the good document with revocation lists beside it. */
export async function judgeUnder(crls: readonly Uint8Array[]): Promise<string> {
  return codeOf(await verifyAttestationDocument(document, documentTrust, ARCHIVED, signatures, { crls }));
}

/** The code with which a time stamp is refused, by whoever pins nobody. */
export async function judgeTimeStamp(token: Uint8Array): Promise<string> {
  try {
    await verifyTimeStamp(token, { digest: new Uint8Array(32), authorities: [], signatures });
    return "accepted";
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return error.code;
  }
}

function codeOf(verdict: Verdict<unknown>): string {
  const { status } = CODE[verdict.code];
  const refused = verdict.status === "contraindicated";
  if (refused === (status === "accepted")) throw new Error(`${verdict.status} with ${verdict.code}`);
  if (refused !== (verdict.claims === null) || refused !== verdict.exitCode > 0) throw new Error(`half a verdict: ${verdict.code}`);
  if (verdict.sentence.length === 0 || verdict.sentence.length > 2000) throw new Error(`a sentence of ${verdict.sentence.length}`);
  return refused ? verdict.code : "accepted";
}

/** A document over any payload with a good signature of the leaf key: what gets past the signature. */
export function signed(body: Uint8Array): Uint8Array {
  const header = hex("a1013822");
  const key = { key: chain.leafKey, dsaEncoding: "ieee-p1363" } as const;
  const signature = new Uint8Array(sign("sha384", encodeCbor(["Signature1", header, new Uint8Array(0), body]), key));
  return concat(hex("84"), encodeCbor(header), hex("a0"), encodeCbor(body), encodeCbor(signature));
}

/** One bit of a copy turned over; bit 0 is the lowest of byte 0. */
export function flipped(bytes: Uint8Array, bit: number): Uint8Array {
  return bytes.with(bit >> 3, (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7)));
}

/** Where `part` stands in `whole`, which holds it once. */
export function placeOf(part: Uint8Array, whole: Uint8Array): number {
  const at = Buffer.from(whole.buffer, whole.byteOffset, whole.length).indexOf(part);
  if (at < 0 || Buffer.from(whole).indexOf(part, at + 1) >= 0) throw new Error("not there exactly once");
  return at;
}
