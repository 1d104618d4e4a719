import { createHash } from "node:crypto";
import { parseGovernedTrustFile } from "@caladrius/attestation-verifier/governance";
import { signatures } from "@caladrius/attestation-verifier/signatures";
import { extendZero } from "@caladrius/image";
import { decodeApproved, decodeStatement, MAX_BUNDLE_BYTES, MAX_CONSTITUTION_BYTES, toHex, type StatementKind } from "@caladrius/wire";
import type { Arguments } from "../arguments.ts";
import { DEFAULT_MAX_AGE_SECONDS } from "../defaults.ts";
import { about, EXIT, type ExitCode } from "../exit.ts";
import { readLimited, readText, refuseExisting, writeWhole } from "../files.ts";
import { readGovernance } from "../governance-options.ts";
import { governanceLines, governanceObject } from "../governance-print.ts";
import { measureFile } from "../image-file.ts";
import { styled, type Terminal } from "../print.ts";

/**
 * Writes a trust file that accepts what an image, a constitution and a bundle will measure, or what the constitution's
 * quorum approves: any release, or the releases that are named.
 */
export async function run(args: Arguments, terminal: Terminal): Promise<ExitCode> {
  const out = args.text("out");
  const force = args.flag("force");
  if (!force) await refuseExisting(out);
  const settings = {
    allowDebug: args.flag("allow-debug"),
    allowSimulator: args.flag("allow-simulator"),
    maxAgeSeconds: args.integer("max-age", 0, 1_000_000_000, DEFAULT_MAX_AGE_SECONDS),
  };
  const governance = await readGovernance(args);
  const roots: string[] = [];
  for (const path of args.many("root")) roots.push(await readText(path, 64 * 1024));
  if (roots.length === 0) roots.push("aws-nitro-root-g1");
  const pcrs = args.optional("eif") === null ? null : await measureAll(args, terminal);

  const file = { roots, ...(pcrs === null ? {} : { pcrs: [pcrs] }), ...settings, ...governance };
  const text = `${JSON.stringify(file, null, 2)}\n`;
  const trust = await about(out, () => parseGovernedTrustFile(text, signatures)); // refuses what `verify` would refuse, before it is written
  await writeWhole(out, text, { force });

  terminal.object({ trust: out, pcrs, ...governanceObject(trust) });
  terminal.table(Object.entries(pcrs ?? {}).map(([index, value]) => [`PCR${index}`, value]));
  for (const line of governanceLines(trust)) terminal.line(line);
  if (args.optional("constitution") === null)
    terminal.line([styled("yellow", "without --constitution it verifies bare documents only: results and sealing need PCR16")]);
  if (governance !== null) terminal.line("whoever chooses the constitution chooses the approvers: compare PCR16 with what they tell you");
  terminal.line(`wrote ${out}`);
  return EXIT.ok;
}

/** The registers of an image, and those of the constitution and the bundle where they are given. */
async function measureAll(args: Arguments, terminal: Terminal): Promise<Record<string, string>> {
  const { pcr0, pcr1, pcr2, pcr8 } = (await measureFile(args.text("eif"), terminal)).measurements;
  const pcrs: Record<string, string> = { "0": toHex(pcr0), "1": toHex(pcr1), "2": toHex(pcr2) };
  if (pcr8 !== null) pcrs["8"] = toHex(pcr8);
  const constitution = args.optional("constitution");
  if (constitution !== null) pcrs["16"] = await measureStatement(constitution, "constitution", MAX_CONSTITUTION_BYTES);
  const bundle = args.optional("bundle");
  if (bundle !== null) pcrs["17"] = await measureStatement(bundle, "bundle", 2 * MAX_BUNDLE_BYTES);
  return pcrs;
}

/** The register that a statement will leave: its digest is extended, never its bytes. @throws WireError for another kind of statement */
async function measureStatement(path: string, kind: StatementKind, maxBytes: number): Promise<string> {
  const bytes = await readLimited(path, maxBytes);
  const statement = await about(path, () => statementOf(bytes, kind));
  return toHex(extendZero(createHash("sha384").update(statement).digest()));
}

/** A bundle lies on disk with its approvals, which are not measured, or alone. */
function statementOf(bytes: Uint8Array, kind: StatementKind): Uint8Array {
  const statement = kind === "bundle" ? (approvedStatement(bytes) ?? bytes) : bytes;
  decodeStatement(statement, kind);
  return statement;
}

function approvedStatement(bytes: Uint8Array): Uint8Array | null {
  try {
    return decodeApproved(bytes).statement;
  } catch {
    return null;
  }
}
