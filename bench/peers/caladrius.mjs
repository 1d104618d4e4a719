// This build's verifier as a runner of the conformance kit: caladrius.mjs INPUT TRUST MODE TIME NONCE MAX-AGE, `-` for none.
// Exit codes: 0 accepted, 10 refused, 20 a version it does not know, 30 malformed. The kit run through it diverges nowhere.
import { readFileSync } from "node:fs";
import { CODE, EXIT, parseTrustFile, verifyAttestationDocument, verifyResultFile } from "@caladrius/attestation-verifier";
import { signatures } from "@caladrius/attestation-verifier/signatures";

const [input, trustFile, kind, time, nonceHex, maxAge] = process.argv.slice(2);
const bytes = new Uint8Array(readFileSync(input));
const given = (text) => (text === "-" ? null : text);
const timeMs = given(time) === null ? null : Date.parse(time);
const nonce = given(nonceHex) === null ? null : new Uint8Array(Buffer.from(nonceHex, "hex"));
const mode =
  kind === "live"
    ? { kind: "live", nowMs: timeMs, nonce, maxAgeMs: given(maxAge) === null ? null : Number(maxAge) * 1000 }
    : { kind: "archived", atMs: timeMs, nonce };

process.exitCode = await judge();

async function judge() {
  let trust;
  try {
    trust = parseTrustFile(readFileSync(trustFile, "utf8"));
  } catch (error) {
    if (!Object.hasOwn(CODE, error.code)) throw error;
    console.error(error.message);
    return EXIT[CODE[error.code].status];
  }
  const verdict = input.endsWith(".attested")
    ? await verifyResultFile(bytes, trust, { mode }, signatures)
    : await verifyAttestationDocument(bytes, trust, mode, signatures);
  console.error(`${verdict.code}: ${verdict.sentence}`);
  return verdict.exitCode;
}
