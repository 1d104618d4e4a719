import { signatures } from "@caladrius/attestation-verifier/signatures";
import { BUNDLE_EXAMPLE, checkBundle, DEVELOPMENT_POLICIES, readBundleDescription } from "@caladrius/policies/authoring";
import { CEDAR_SCHEMA } from "@caladrius/policies/cedar";
import { encodeBundle } from "@caladrius/wire";
import type { Arguments } from "../arguments.ts";
import { about, EXIT, UsageError, type ExitCode } from "../exit.ts";
import { readText, refuseExisting, writeWhole } from "../files.ts";
import { readConstitution } from "../fleet/deployment.ts";
import { readBundleFile } from "../policy/bundle-file.ts";
import { checkDetectors, openCedar } from "../policy/checks.ts";
import { printBundle, printWarnings } from "../policy/print.ts";
import { sourcesBeside } from "../policy/sources.ts";
import type { Terminal } from "../print.ts";

/** Makes a draft of a policy bundle: everything in it is checked as an enclave will check it at boot, and nobody has signed it. */
export async function run(args: Arguments, terminal: Terminal): Promise<ExitCode> {
  const example = EXAMPLES.find(([name]) => args.flag(name));
  if (example !== undefined) {
    terminal.object({ example: example[1] });
    for (const line of example[1].trimEnd().split("\n")) terminal.line(line);
    return EXIT.ok;
  }
  const file = args.inputs[0];
  if (file === undefined) throw new UsageError("a description is missing", "`caladrius policy new --example` prints one to begin with");
  const [out, force] = [args.text("out"), args.flag("force")];
  if (!force) await refuseExisting(out);
  const { constitution, digest } = await readConstitution(args.text("constitution"), signatures);
  const previousFile = args.optional("previous");
  const previous = previousFile === null ? null : (await readBundleFile(previousFile)).bundle;
  const text = await readText(file, MAX_DESCRIPTION_BYTES);
  const { bundle, warnings } = await about(file, () => {
    const read = readBundleDescription(text, digest, sourcesBeside(file));
    const nowSeconds = Math.floor(Date.now() / 1000);
    const told = checkBundle(read, { constitution, constitutionDigest: digest, nowSeconds, previous });
    checkDetectors(read);
    openCedar(read);
    return { bundle: read, warnings: told };
  });
  await writeWhole(out, await about(file, () => encodeBundle(bundle)), { force });
  terminal.object({ out, bundle, warnings });
  printBundle(bundle, terminal);
  printWarnings(warnings, terminal);
  terminal.line(`wrote ${out}, a draft: test it, compare it, then \`caladrius policy sign\``);
  return EXIT.ok;
}

const EXAMPLES: readonly (readonly [name: string, text: string])[] = [
  ["example", BUNDLE_EXAMPLE],
  ["example-policies", DEVELOPMENT_POLICIES],
  ["example-schema", CEDAR_SCHEMA],
];
const MAX_DESCRIPTION_BYTES = 4 * 1024 * 1024;
