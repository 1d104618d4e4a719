import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import { ImageError, measureEif, nitroMeasurements, signEif, type ImageCode } from "@caladrius/image";
import { toHex } from "@caladrius/wire";
import type { Arguments } from "../arguments.ts";
import { EXIT, FileProblem, UsageError, type ExitCode } from "../exit.ts";
import { readText, refuseExisting, writeWhole } from "../files.ts";
import { readImage } from "../image-file.ts";
import type { Terminal } from "../print.ts";

/** Signs an image as nitro-cli does and prints what it then measures. */
export async function run(args: Arguments, terminal: Terminal): Promise<ExitCode> {
  const file = args.inputs[0] ?? "";
  const out = args.text("out");
  const force = args.flag("force");
  if (!force) await refuseExisting(out);
  const [key, cert] = [args.text("key"), args.text("cert")];
  const signer = { key: await readText(key, MAX_PEM_BYTES), certificate: await readText(cert, MAX_PEM_BYTES) };
  await refuseOpenToOthers(key);
  terminal.progress(`reading ${file}`, true);
  const image = await readImage(file);
  terminal.progress("signing", true);
  const signed = blaming({ "sign-key": key, "sign-certificate": cert }, file, () =>
    signEif(image, signer, { replace: args.flag("replace") }),
  );
  await writeWhole(out, signed, { force });
  const measured = { Measurements: nitroMeasurements(measureEif(signed)) };
  terminal.object({ ...measured, image: out, bytes: signed.length, sha256: toHex(createHash("sha256").update(signed).digest()) });
  for (const line of JSON.stringify(measured, null, 2).split("\n")) terminal.line(line);
  if (!terminal.isJson) terminal.note(`wrote ${out}: PCR8 names the certificate, the other registers are as before`);
  return EXIT.ok;
}

/** Whoever reads the key can sign as its owner. @throws UsageError */
async function refuseOpenToOthers(path: string): Promise<void> {
  const stats = await stat(path);
  if (stats.isFile() && (stats.mode & 0o077) !== 0)
    throw new UsageError(`${path} is a private key that others may read (mode 0${(stats.mode & 0o777).toString(8)})`, `chmod 600 ${path}`);
}

/** Does something with several files; what goes wrong names the one to blame. @throws FileProblem */
function blaming<T>(files: Partial<Record<ImageCode, string>>, file: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new FileProblem((error instanceof ImageError ? files[error.code] : undefined) ?? file, error);
  }
}

const MAX_PEM_BYTES = 32_768;
