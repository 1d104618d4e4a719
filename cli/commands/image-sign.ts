import { createHash } from "node:crypto";
import { measureEif, signEif } from "@caladrius/image";
import { toHex } from "@caladrius/wire";
import type { Arguments } from "../arguments.ts";
import { about, EXIT, type ExitCode } from "../exit.ts";
import { readLimited, readText, refuseExisting, writeWhole } from "../files.ts";
import { MAX_WHOLE_BYTES, nitroMeasurements } from "../image-file.ts";
import type { Terminal } from "../print.ts";

/** Signs an image as nitro-cli does and prints what it then measures. */
export async function run(args: Arguments, terminal: Terminal): Promise<ExitCode> {
  const file = args.inputs[0] ?? "";
  const out = args.text("out");
  const force = args.flag("force");
  if (!force) await refuseExisting(out);
  const signer = { key: await readText(args.text("key"), MAX_PEM_BYTES), certificate: await readText(args.text("cert"), MAX_PEM_BYTES) };
  terminal.progress(`reading ${file}`, true);
  const image = await readLimited(file, MAX_WHOLE_BYTES);
  terminal.progress("signing", true);
  const signed = await about(file, () => signEif(image, signer, { replace: args.flag("replace") }));
  await writeWhole(out, signed, { force });
  const measured = { Measurements: nitroMeasurements(measureEif(signed)) };
  terminal.object({ ...measured, image: out, bytes: signed.length, sha256: toHex(createHash("sha256").update(signed).digest()) });
  for (const line of JSON.stringify(measured, null, 2).split("\n")) terminal.line(line);
  if (!terminal.isJson) terminal.note(`wrote ${out}: PCR8 names the certificate, the other registers are as before`);
  return EXIT.ok;
}

const MAX_PEM_BYTES = 32_768;
