import { sbomOf } from "@caladrius/image";
import type { Arguments } from "../arguments.ts";
import { about, EXIT, type ExitCode } from "../exit.ts";
import { refuseExisting, writeWhole } from "../files.ts";
import { readImage } from "../image-file.ts";
import type { Terminal } from "../print.ts";

/** Writes the bill of materials of an image, from the manifest in it. */
export async function run(args: Arguments, terminal: Terminal): Promise<ExitCode> {
  const file = args.inputs[0] ?? "";
  const out = args.optional("out");
  const force = args.flag("force");
  if (out !== null && !force) await refuseExisting(out);
  const bytes = await readImage(file);
  const bom = await about(file, () => sbomOf(bytes));
  if (out === null) {
    terminal.object(JSON.parse(bom));
    for (const line of bom.trimEnd().split("\n")) terminal.line(line);
    return EXIT.ok;
  }
  await writeWhole(out, bom, { force });
  terminal.object({ sbom: out });
  terminal.line(`wrote ${out}`);
  return EXIT.ok;
}
