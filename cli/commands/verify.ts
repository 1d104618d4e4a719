import { thumbprintOf } from "@caladrius/client";
import { rememberSignatures } from "@caladrius/attestation-verifier";
import {
  createGovernedResultVerifier,
  listGovernedChecks,
  requireDisclosed,
  requiredCheck,
  type GovernedOptions,
  type GovernedResultClaims,
  type RequiredDisclosures,
  type VerifiedStatusList,
} from "@caladrius/attestation-verifier/governance";
import { createSignatures } from "@caladrius/attestation-verifier/signatures";
import type { Arguments } from "../arguments.ts";
import { readCrls, refuseEar, writeEar } from "../evidence-options.ts";
import { failureJson, failureOf, UsageError, worst, type ExitCode } from "../exit.ts";
import { readLimited } from "../files.ts";
import { NOT_A_MEDICAL_DEVICE, saidOf } from "../findings.ts";
import { styled, type Segment, type Terminal } from "../print.ts";
import { readVerifyingKey } from "../keys.ts";
import { releaseLines } from "../release/print.ts";
import { judgeBy, readStatusListFor } from "../status/judge.ts";
import { readTrustFile } from "../trust.ts";
import { printChecks, statusSegment, verdictExit, verdictObject } from "../verdicts.ts";

/** Larger result files are refused unread. */
export const MAX_RESULT_FILE_BYTES: number = 32 * 1024 * 1024;

/** Verifies result files one by one in archived mode; one that cannot be read does not keep the others from being judged. */
export async function run(args: Arguments, terminal: Terminal): Promise<ExitCode> {
  const trust = await readTrustFile(args.text("trust"));
  const strict = args.flag("strict");
  const codes: ExitCode[] = [];
  const rows: (string | Segment)[][] = [];
  const open = new Set<string>();
  if (args.inputs.length > 1 && args.optional("ear") !== null) throw new UsageError("--ear writes one verdict: give one FILE with it");
  await refuseEar(args);
  const statusList = await readStatusListFor(args, trust, args.instant("at") ?? Date.now());
  const options: GovernedOptions = {
    mode: { kind: "archived", atMs: args.instant("at"), nonce: null },
    nonce: args.hex("nonce", 8, 64),
    jobDigest: args.hex("job", 32, 32),
    policyVersion: args.optional("policy-version") === null ? null : args.integer("policy-version", 0, Number.MAX_SAFE_INTEGER, 0),
    crls: await readCrls(args),
    ...(statusList === null ? {} : { revokedKeysAt: (atMs) => statusList.revocations.keysAt(atMs) }),
  };
  const verify = createGovernedResultVerifier(trust, options, rememberSignatures(createSignatures())); // enclaves of one host share certificates
  const required: RequiredDisclosures = {
    purposes: manyOrNull(args.many("purpose")),
    grantIssuers: manyOrNull((await Promise.all(args.many("grant-issuer").map(readVerifyingKey))).map(thumbprintOf)),
  };
  const sentences = new Set<string>();
  const releases = new Set<string>();
  const undisclosed = new Set<string>();
  for (const [index, file] of args.inputs.entries()) {
    if (args.inputs.length > 1) terminal.progress(`verifying ${index + 1} of ${args.inputs.length}`, true);
    try {
      const governed = await verify(await readLimited(file, MAX_RESULT_FILE_BYTES));
      const judged = judgeBy(statusList, governed);
      const verdict = requireDisclosed(judged.verdict, required);
      const shown = judged.verdict.status === "contraindicated" ? null : requiredCheck(verdict, required);
      const more = [judged.check, shown].filter((check) => check !== null);
      const checks = args.flag("checks") ? [...listGovernedChecks(governed), ...more] : null;
      terminal.object(verdictObject(file, verdict, checks));
      codes.push(await writeEar(args, verdict, terminal));
      if (checks !== null) printChecks(checks, terminal);
      rows.push([statusSegment(verdict), file, verdict.code, summary(verdict)]);
      for (const one of verdict.notChecked) open.add(one);
      if (verdict.status !== "contraindicated") {
        sentences.add(verdict.sentence);
        for (const line of releaseLines(verdict.claims.release)) releases.add(line);
        const { claims } = judged.verdict;
        if (claims !== null && "statusList" in claims) for (const one of claims.statusList.undisclosed) undisclosed.add(one);
      }
      codes.push(verdictExit(verdict, strict));
    } catch (error) {
      const failure = failureOf(error);
      terminal.object(failureJson(file, failure));
      rows.push([styled("red", "unreadable"), file, failure.code, failure.sentence]);
      codes.push(failure.exit);
    }
  }
  terminal.table(rows);
  for (const sentence of sentences) terminal.line(sentence);
  for (const line of releases) terminal.line(line);
  if (statusList !== null) terminal.line(listLine(statusList));
  if (args.optional("remember") !== null) terminal.line(`remembered   ${args.text("remember")}: no older list is taken from now on`);
  if (undisclosed.size > 0) terminal.line(`not held against the list, as it is not disclosed: ${[...undisclosed].join(", ")}`);
  if (open.size > 0) terminal.line(`not checked: ${[...open].join(", ")}`);
  if (sentences.size > 0) terminal.line([styled("dim", NOT_A_MEDICAL_DEVICE)]);
  return worst(codes);
}

function manyOrNull<T>(values: readonly T[]): readonly T[] | null {
  return values.length === 0 ? null : values;
}

function listLine({ list: { number, issuedAt, expiresAt } }: VerifiedStatusList): string {
  const iso = (unixSeconds: number): string => new Date(unixSeconds * 1000).toISOString();
  return `status list  number ${number}, in force from ${iso(issuedAt)} to ${iso(expiresAt)}`;
}

/** For accepted files what they say, for others why not. */
function summary(verdict: ReturnType<typeof requireDisclosed<GovernedResultClaims, string>>): string {
  if (verdict.status === "contraindicated") return verdict.sentence;
  const { disclosed, withheldAtMost } = verdict.claims;
  const said = saidOf(disclosed).text;
  return withheldAtMost === 0 ? said : `${said} (at most ${withheldAtMost} disclosures withheld)`;
}
