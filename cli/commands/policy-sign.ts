import { signatures } from "@caladrius/attestation-verifier/signatures";
import { AuthoringError, checkBundle } from "@caladrius/policies/authoring";
import { encodeApproved, encodeStatement, toHex } from "@caladrius/wire";
import { extendZero } from "@caladrius/image";
import { refuseStrangersKey } from "../approval/approver.ts";
import type { Arguments } from "../arguments.ts";
import { about, EXIT, type ExitCode } from "../exit.ts";
import { refuseExisting, writeWhole } from "../files.ts";
import { readApproverKey } from "../fleet/approver-key.ts";
import { readConstitution } from "../fleet/deployment.ts";
import { readBundleFile, sha384 } from "../policy/bundle-file.ts";
import { checkDetectors, openCedar } from "../policy/checks.ts";
import { printBundle, printWarnings } from "../policy/print.ts";
import type { Terminal } from "../print.ts";

/** The author's signature under a draft. It approves nothing: that takes the constitution's quorum. */
export async function run(args: Arguments, terminal: Terminal): Promise<ExitCode> {
  const file = args.inputs[0] ?? "";
  const [out, force] = [args.text("out"), args.flag("force")];
  if (!force) await refuseExisting(out);
  const { constitution, digest } = await readConstitution(args.text("constitution"), signatures);
  const key = await readApproverKey(args.text("key"));
  refuseStrangersKey(constitution, key.publicKey);
  const { bundle, payload, statement: signed } = await readBundleFile(file);
  const warnings = await about(file, () => {
    if (signed !== null) throw new AuthoringError("bundle-author", "it is signed already: another signature would be another bundle");
    const told = checkBundle(bundle, {
      constitution,
      constitutionDigest: digest,
      nowSeconds: Math.floor(Date.now() / 1000),
      previous: null,
    });
    checkDetectors(bundle);
    openCedar(bundle);
    return told;
  });
  const statement = encodeStatement("bundle", key.publicKey.alg, payload, (bytes) => key.sign(bytes));
  await writeWhole(out, encodeApproved({ statement, approvals: [] }), { force });
  const measured = sha384(statement);
  terminal.object({ out, digest: measured, pcr17: extendZero(measured), warnings });
  printBundle(bundle, terminal);
  printWarnings(warnings, terminal);
  terminal.table([
    ["SHA-384", toHex(measured)],
    ["PCR17", toHex(extendZero(measured))],
  ]);
  terminal.line(`wrote ${out}: approvals gather in it with \`caladrius policy approve\``);
  return EXIT.ok;
}
