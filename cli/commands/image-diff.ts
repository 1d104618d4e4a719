import { headline, shortList } from "@caladrius/image";
import type { Arguments } from "../arguments.ts";
import { EXIT, type ExitCode } from "../exit.ts";
import { explainFiles, measureAlike } from "../images.ts";
import { styled, type Segment, type Terminal } from "../print.ts";

/** Compares two images in a few lines; the exit code tells whether they measure the same. */
export async function run(args: Arguments, terminal: Terminal): Promise<ExitCode> {
  const explanation = await explainFiles(args.inputs, [], terminal);
  const changes = shortList(explanation);
  const alike = measureAlike(explanation);
  const { verdict, pcrs, warnings } = explanation;
  terminal.object({ verdict, sameMeasurements: alike, pcrs, changes, warnings });
  terminal.line([styled(alike ? "green" : "yellow", headline(explanation))]);
  terminal.table(changes.map(({ where, status, what }) => [MARK[status], where, what]));
  for (const warning of warnings) terminal.line([styled("yellow", `! ${warning}`)]);
  return alike ? EXIT.ok : EXIT.contraindicated;
}

const MARK: Readonly<Record<"added" | "removed" | "changed", Segment>> = {
  added: styled("green", "+"),
  removed: styled("red", "-"),
  changed: styled("yellow", "~"),
};
