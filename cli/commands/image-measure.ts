import { nitroMeasurements } from "@caladrius/image";
import type { Arguments } from "../arguments.ts";
import { EXIT, type ExitCode } from "../exit.ts";
import { measureFile } from "../image-file.ts";
import type { Terminal } from "../print.ts";

/** Prints an image's measurements exactly as nitro-cli does. */
export async function run(args: Arguments, terminal: Terminal): Promise<ExitCode> {
  const { measurements } = await measureFile(args.inputs[0] ?? "", terminal);
  const measured = { Measurements: nitroMeasurements(measurements) };
  terminal.object(measured);
  for (const line of JSON.stringify(measured, null, 2).split("\n")) terminal.line(line);
  return EXIT.ok;
}
