import { renderExplanation } from "@caladrius/image";
import { basename } from "node:path";
import type { Arguments } from "../arguments.ts";
import { EXIT, type ExitCode } from "../exit.ts";
import { refuseExisting, writeWhole } from "../files.ts";
import { explainFiles, measureAlike } from "../images.ts";
import type { Terminal } from "../print.ts";
import { tellExplanation } from "../explanation.ts";

/** Explains two images: as text or JSON, and as a page. */
export async function run(args: Arguments, terminal: Terminal): Promise<ExitCode> {
  const html = args.optional("html");
  const force = args.flag("force");
  if (html !== null && !force) await refuseExisting(html);
  const [a = "", b = ""] = args.inputs;
  const explanation = await explainFiles([a, b], args.many("trust"), terminal);
  terminal.object({ files: { a, b }, ...explanation });
  if (!terminal.isJson) tellExplanation(explanation, { a, b }, terminal);
  if (html !== null) {
    await writeWhole(html, renderExplanation(explanation, { a: basename(a), b: basename(b) }), { force });
    terminal.line(`wrote ${html}`);
  }
  return measureAlike(explanation) ? EXIT.ok : EXIT.contraindicated;
}
