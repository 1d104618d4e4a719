import {
  AuthoringError,
  checkConstitution,
  CONSTITUTION_EXAMPLE,
  FIRST,
  readConstitutionDescription,
  type Line,
} from "@caladrius/policies/authoring";
import { encodeConstitution, encodeStatement, toHex } from "@caladrius/wire";
import { extendZero } from "@caladrius/image";
import { refuseStrangersKey } from "../approval/approver.ts";
import type { Arguments } from "../arguments.ts";
import { about, EXIT, UsageError, type ExitCode } from "../exit.ts";
import { readText, refuseExisting, writeWhole } from "../files.ts";
import type { Founded } from "../fleet/deployment.ts";
import { readApproverKey } from "../fleet/approver-key.ts";
import { sha384 } from "../policy/bundle-file.ts";
import { printConstitution, printWarnings } from "../policy/print.ts";
import { sourcesBeside } from "../policy/sources.ts";
import type { Terminal } from "../print.ts";

/** Founds a deployment: reads a description, refuses one that cannot work, and signs it with an approver's key. */
export async function run(args: Arguments, terminal: Terminal): Promise<ExitCode> {
  if (args.flag("example")) {
    terminal.object({ example: CONSTITUTION_EXAMPLE });
    for (const line of CONSTITUTION_EXAMPLE.trimEnd().split("\n")) terminal.line(line);
    return EXIT.ok;
  }
  const founded = await foundConstitution(args, terminal, FIRST);
  const pcr16 = toHex(extendZero(founded.digest));
  terminal.object({ out: args.text("out"), digest: founded.digest, pcr16, constitution: founded.constitution });
  printConstitution(founded.constitution, { digest: toHex(founded.digest), pcr16 }, terminal);
  terminal.line(`wrote ${args.text("out")}: what others pin is PCR16`);
  return EXIT.ok;
}

/** Reads a description, signs and writes it. What could be better is told on stderr. @throws AuthoringError, FileProblem, UsageError */
export async function foundConstitution(
  args: Arguments,
  terminal: Terminal,
  line: Line,
): Promise<Pick<Founded, "constitution" | "digest">> {
  const file = args.inputs[0];
  if (file === undefined)
    throw new UsageError("a description is missing", "`caladrius constitution new --example` prints one to begin with");
  const [out, force] = [args.text("out"), args.flag("force")];
  if (!force) await refuseExisting(out);
  const key = await readApproverKey(args.text("key"));
  const text = await readText(file, MAX_DESCRIPTION_BYTES);
  const { constitution, warnings } = await about(file, () => {
    const read = readConstitutionDescription(text, sourcesBeside(file), line);
    return { constitution: read, warnings: checkConstitution(read, Math.floor(Date.now() / 1000)) };
  });
  refuseStrangersKey(constitution, key.publicKey);
  const payload = await about(file, () => encodeConstitution(constitution));
  const statement = encodeStatement("constitution", key.publicKey.alg, payload, (bytes) => key.sign(bytes));
  if (statement.length > MAX_STATEMENT_BYTES)
    throw new AuthoringError("description-form", "the constitution is larger than an enclave takes");
  await writeWhole(out, statement, { force });
  printWarnings(warnings, terminal);
  return { constitution, digest: sha384(statement) };
}

const MAX_DESCRIPTION_BYTES = 1024 * 1024;
const MAX_STATEMENT_BYTES = 256 * 1024;
