import type { Explanation, TrustSets } from "@caladrius/image";
import { demandSections, explainImages } from "@caladrius/image";
import { about } from "./exit.ts";
import { readImage } from "./image-file.ts";
import type { Terminal } from "./print.ts";
import { readTrustFile } from "./trust.ts";

/** Reads and compares two images, and asks the trust files. @throws FileProblem around ImageError, Refusal or an error of the system */
export async function explainFiles(paths: readonly string[], trustPaths: readonly string[], terminal: Terminal): Promise<Explanation> {
  const trust: TrustSets[] = [];
  for (const file of trustPaths) trust.push({ file, sets: (await readTrustFile(file)).pcrSets });
  const [a = "", b = ""] = paths;
  terminal.progress(`reading ${a} and ${b}`, true);
  const [before, after] = [await readImage(a), await readImage(b)];
  await about(a, () => demandSections(before));
  await about(b, () => demandSections(after));
  terminal.progress("comparing", true);
  return explainImages(before, after, trust);
}

/** Whether both images leave the same registers and start the same. */
export function measureAlike({ verdict }: Explanation): boolean {
  return verdict === "identical" || verdict === "unmeasured";
}
