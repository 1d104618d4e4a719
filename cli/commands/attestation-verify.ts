import { verifyAttestationDocument, type EvidenceClaims, type TimeMode } from "@caladrius/attestation-verifier";
import { signatures } from "@caladrius/attestation-verifier/signatures";
import { toHex } from "@caladrius/wire";
import type { Arguments } from "../arguments.ts";
import { UsageError, type ExitCode } from "../exit.ts";
import { readLimited } from "../files.ts";
import { formatTime } from "../findings.ts";
import type { Terminal } from "../print.ts";
import { readTrustFile } from "../trust.ts";
import { printVerdict, verdictExit, verdictObject } from "../verdicts.ts";

/** Verifies one attestation document: live unless --archived or --at. */
export async function run(args: Arguments, terminal: Terminal): Promise<ExitCode> {
  const file = args.inputs[0] ?? "";
  const mode = readMode(args, Date.now());
  const trust = await readTrustFile(args.text("trust"));
  const verdict = await verifyAttestationDocument(await readLimited(file, MAX_DOCUMENT_BYTES), trust, mode, signatures);
  terminal.object(verdictObject(file, verdict));
  printVerdict(verdict, terminal);
  if (verdict.status !== "contraindicated") printClaims(verdict.claims, terminal);
  return verdictExit(verdict, args.flag("strict"));
}

function readMode(args: Arguments, nowMs: number): TimeMode {
  const nonce = args.hex("nonce", 0, 512);
  const at = args.optional("at");
  const maxAge = args.optional("max-age");
  if (args.flag("archived") && at !== null)
    throw new UsageError("--archived judges at the document's own time, --at at yours: give one of them");
  if (args.flag("archived") || at !== null) {
    if (maxAge !== null) throw new UsageError("--max-age is for live mode: leave it out with --archived and --at");
    return { kind: "archived", atMs: at === null ? null : parseInstant(at), nonce };
  }
  return { kind: "live", nowMs, nonce, maxAgeMs: maxAge === null ? null : args.integer("max-age", 0, 1_000_000_000, 0) * 1000 };
}

/** A date, or a time with its offset: one without an offset would mean another moment on another machine. */
function parseInstant(text: string): number {
  const day = text.slice(0, 10);
  const ms = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d))?$/.test(text) ? Date.parse(text) : Number.NaN;
  // Date.parse takes 31 February for a day in March.
  const exists = !Number.isNaN(ms) && new Date(Date.parse(day)).toISOString().startsWith(day);
  if (!exists) throw new UsageError(`--at must be a time such as 2026-11-21T10:00:00Z, not ${JSON.stringify(text)}`);
  return ms;
}

function printClaims(claims: EvidenceClaims, terminal: Terminal): void {
  terminal.line(`enclave   ${claims.moduleId}, ${claims.region}`);
  terminal.line(`made      ${formatTime(claims.timestampMs)}`);
  terminal.line(`root      ${claims.root.commonName}, sha256 ${claims.root.sha256}`);
  terminal.line(`nonce     ${claims.nonce === null ? "none" : toHex(claims.nonce)}`);
  terminal.line(`user_data ${claims.userData === null ? "none" : toHex(claims.userData)}`);
  for (const [index, value] of claims.pcrs) {
    if (value.some((byte) => byte !== 0))
      terminal.line(`PCR${String(index).padEnd(7)}${toHex(value)}${claims.matchedPcrs.includes(index) ? "  equal" : "  not compared"}`);
  }
  if (claims.unknownFields.length > 0) terminal.line(`fields that this version does not know: ${claims.unknownFields.join(", ")}`);
}

const MAX_DOCUMENT_BYTES = 1024 * 1024;
