import { signatures } from "@caladrius/attestation-verifier/signatures";
import { extendZero } from "@caladrius/image";
import { AuthoringError, checkBundle, type AuthoringWarning } from "@caladrius/policies/authoring";
import { toHex } from "@caladrius/wire";
import type { Arguments } from "../arguments.ts";
import { EXIT, failureOf, type ExitCode } from "../exit.ts";
import { readConstitution } from "../fleet/deployment.ts";
import { missingWords } from "../fleet/record.ts";
import { readBundleFile, readSignedBundle, sha384 } from "../policy/bundle-file.ts";
import { checkDetectors, openCedar } from "../policy/checks.ts";
import { countApprovals } from "../policy/judge.ts";
import { printBundle, printWarnings } from "../policy/print.ts";
import { styled, type Terminal } from "../print.ts";

/** Whether an enclave would start with a bundle: all that it checks at boot, each told. */
export async function run(args: Arguments, terminal: Terminal): Promise<ExitCode> {
  const file = args.inputs[0] ?? "";
  const founded = await readConstitution(args.text("constitution"), signatures);
  const { constitution, digest } = founded;
  const mine = await readSignedBundle(file);
  const { bundle } = mine;
  const previousFile = args.optional("previous");
  const previous = previousFile === null ? null : (await readBundleFile(previousFile)).bundle;

  const warnings: AuthoringWarning[] = [];
  const checks: readonly (readonly [string, () => unknown])[] = [
    [
      "constitution, window, version",
      () => {
        const nowSeconds = Math.floor(Date.now() / 1000);
        warnings.push(...checkBundle(bundle, { constitution, constitutionDigest: digest, nowSeconds, previous }));
      },
    ],
    ["Cedar, strictly validated", () => openCedar(bundle)],
    ["detectors and their parameters", () => checkDetectors(bundle)],
    [
      "author and quorum",
      async () => {
        const quorum = await countApprovals(mine, founded);
        if (!quorum.ok) throw new AuthoringError("bundle-quorum", missingWords(quorum));
      },
    ],
  ];
  const outcomes: { check: string; code: string | null; sentence: string | null }[] = [];
  for (const [index, [check, judge]] of checks.entries()) {
    terminal.progress(`checking ${index + 1} of ${checks.length}: ${check}`, true);
    outcomes.push({ check, ...(await problemOf(judge)) });
  }
  const ok = outcomes.every(({ code }) => code === null);

  const measured = sha384(mine.statement);
  terminal.object({
    file,
    status: ok ? "approved" : "refused",
    digest: measured,
    pcr17: extendZero(measured),
    checks: outcomes,
    warnings,
    bundle,
  });
  printBundle(bundle, terminal);
  terminal.line(`PCR17      ${toHex(extendZero(measured))}`);
  for (const { check, code, sentence } of outcomes)
    terminal.line(
      code === null ? [styled("green", "ok      "), check] : [styled("red", "refused "), `${check}: ${sentence ?? ""} (${code})`],
    );
  printWarnings(warnings, terminal);
  return ok ? EXIT.ok : EXIT.contraindicated;
}

async function problemOf(judge: () => unknown): Promise<{ code: string | null; sentence: string | null }> {
  try {
    await judge();
    return { code: null, sentence: null };
  } catch (error) {
    const { exit, code, sentence } = failureOf(error);
    if (exit === EXIT.internal) throw error;
    return { code, sentence };
  }
}
