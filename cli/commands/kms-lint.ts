import { toHex, utf8Decode } from "@caladrius/wire";
import { lintKeyPolicy, MAX_KEY_POLICY_BYTES, parseKeyPolicy, type KeyPolicyWarning, type Severity } from "@caladrius/policies/kms";
import { readTrustFile } from "../trust.ts";
import type { Arguments } from "../arguments.ts";
import { about, EXIT, type ExitCode } from "../exit.ts";
import { readLimited } from "../files.ts";
import { styled, type Terminal } from "../print.ts";

/** Says what a KMS key policy lets happen beside the approved enclaves opening their own. */
export async function run(args: Arguments, terminal: Terminal): Promise<ExitCode> {
  const file = args.inputs[0] ?? "";
  const trustFile = args.optional("trust");
  const trust = trustFile === null ? null : await readTrustFile(trustFile);
  const contextKeys = args.many("context-key");
  const bytes = await readLimited(file, 2 * MAX_KEY_POLICY_BYTES);
  const warnings = await about(file, () =>
    lintKeyPolicy(parseKeyPolicy(utf8Decode(bytes)), {
      ...(trust === null ? {} : { sets: trust.pcrSets.map((set) => Object.fromEntries([...set].map(([i, value]) => [i, toHex(value)]))) }),
      contextKeys: contextKeys.length === 0 ? ["caladrius-constitution"] : contextKeys,
    }),
  );
  terminal.object({ file, status: warnings.length === 0 ? "clean" : "warnings", warnings });
  for (const warning of warnings) print(warning, terminal);
  if (warnings.length === 0) {
    terminal.line([styled("green", "clean      "), "nothing was found that lets a plaintext out beside the enclaves it names"]);
    terminal.line("not judged grants, IAM policies, who can assume the roles, and the account's administrators");
    return EXIT.ok;
  }
  return EXIT.contraindicated;
}

function print({ code, severity, sentence, fix }: KeyPolicyWarning, terminal: Terminal): void {
  terminal.line([styled(COLOUR[severity], severity.padEnd(11)), `${sentence} (${code})`]);
  terminal.line(`           ${fix}`);
}

const COLOUR: Readonly<Record<Severity, "red" | "yellow">> = { high: "red", medium: "yellow", low: "yellow" };
