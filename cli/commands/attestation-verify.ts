import { listChecks, verifyAttestationDocument, type EvidenceClaims, type TimeMode } from "@caladrius/attestation-verifier";
import { signatures } from "@caladrius/attestation-verifier/signatures";
import { toHex } from "@caladrius/wire";
import type { Arguments } from "../arguments.ts";
import { readCrls, refuseEar, writeEar } from "../evidence-options.ts";
import { UsageError, worst, type ExitCode } from "../exit.ts";
import { readLimited } from "../files.ts";
import { formatTime } from "../findings.ts";
import type { Terminal } from "../print.ts";
import { readTrustFile } from "../trust.ts";
import { printChecks, printRevocation, printVerdict, verdictExit, verdictObject } from "../verdicts.ts";

/** Verifies one attestation document: live unless --archived or --at. */
export async function run(args: Arguments, terminal: Terminal): Promise<ExitCode> {
  const file = args.inputs[0] ?? "";
  const mode = readMode(args, Date.now());
  await refuseEar(args);
  const trust = await readTrustFile(args.text("trust"));
  const verdict = await verifyAttestationDocument(await readLimited(file, MAX_DOCUMENT_BYTES), trust, mode, signatures, {
    crls: await readCrls(args),
    consistency: args.flag("report-contradictions") ? "report" : "enforce",
  });
  const checks = args.flag("checks") ? listChecks(verdict, "attestation document") : null;
  terminal.object(verdictObject(file, verdict, checks));
  printVerdict(verdict, terminal);
  if (checks !== null) printChecks(checks, terminal);
  if (verdict.status !== "contraindicated") printClaims(verdict.claims, terminal);
  return worst([await writeEar(args, verdict, terminal), verdictExit(verdict, args.flag("strict"))]);
}

function readMode(args: Arguments, nowMs: number): TimeMode {
  const nonce = args.hex("nonce", 0, 512);
  const at = args.instant("at");
  const maxAge = args.optional("max-age");
  if (args.flag("archived") && at !== null)
    throw new UsageError("--archived judges at the document's own time, --at at yours: give one of them");
  if (args.flag("archived") || at !== null) {
    if (maxAge !== null) throw new UsageError("--max-age is for live mode: leave it out with --archived and --at");
    return { kind: "archived", atMs: at, nonce };
  }
  return { kind: "live", nowMs, nonce, maxAgeMs: maxAge === null ? null : args.integer("max-age", 0, 1_000_000_000, 0) * 1000 };
}

function printClaims(claims: EvidenceClaims, terminal: Terminal): void {
  terminal.line(`enclave   ${claims.moduleId}, ${claims.region ?? "unknown region"}`);
  terminal.line(`made      ${formatTime(claims.timestampMs)}`);
  terminal.line(`root      ${claims.root.commonName}, sha256 ${claims.root.sha256}`);
  terminal.line(`nonce     ${claims.nonce === null ? "none" : toHex(claims.nonce)}`);
  terminal.line(`user_data ${claims.userData === null ? "none" : toHex(claims.userData)}`);
  for (const [index, value] of claims.pcrs) {
    if (value.some((byte) => byte !== 0))
      terminal.line(`PCR${String(index).padEnd(7)}${toHex(value)}${claims.matchedPcrs.includes(index) ? "  equal" : "  not compared"}`);
  }
  if (claims.contradictions.length > 0) terminal.line(`contradictions: ${claims.contradictions.join(", ")}`);
  printRevocation(claims, terminal);
  if (claims.unknownFields.length > 0) terminal.line(`fields that this version does not know: ${claims.unknownFields.join(", ")}`);
}

const MAX_DOCUMENT_BYTES = 1024 * 1024;
