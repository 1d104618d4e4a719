import type { Explanation, FileChange, Pair } from "./model.ts";
import { MANIFEST_PATH } from "./manifest.ts";

/** What a reviewer should not miss, most serious first. */
export function warningsOf(explanation: Explanation): string[] {
  const { verdict, images, sections, ramdisks, packages, pcrs } = explanation;
  const files = ramdisks.flatMap((ramdisk) => ramdisk.files);
  const warnings: string[] = [];
  if (verdict === "recut")
    warnings.push(
      "Every PCR is the same, yet the measured bytes are divided into sections otherwise: another kernel, command line or ramdisk boots, and no measurement shows it. Do not run the image that you did not build.",
    );
  for (const { index, moved, because } of pcrs)
    if (verdict === "measured" && !moved && index !== 8 && because.length > 0)
      warnings.push(`PCR${index} does not move although ${because.join(", ")} changed: the same bytes are divided otherwise.`);
  for (const side of SIDES) {
    const { faults, manifest } = images[side];
    for (const fault of faults) warnings.push(`${NAME[side]} is refused where images are read with care: ${fault}.`);
    for (const fault of manifest.faults.slice(0, MAX_TOLD)) warnings.push(`The manifest of ${NAME[side]} is not true: ${fault}.`);
    if (manifest.faults.length > MAX_TOLD)
      warnings.push(`The manifest of ${NAME[side]} is not true in ${manifest.faults.length - MAX_TOLD} more places.`);
    for (const reason of manifest.unreproducible) warnings.push(`${NAME[side]} says that it cannot be rebuilt elsewhere: ${reason}.`);
    if (manifest.status === "unreadable")
      warnings.push(`The manifest of ${NAME[side]} cannot be read, so that nothing is told by package.`);
  }
  if (explanation.images.a.signature !== null && explanation.images.b.signature === null)
    warnings.push("A is signed and B is not: PCR8 becomes zero.");
  for (const { index, faults } of ramdisks)
    for (const side of SIDES)
      if (faults[side] !== null) warnings.push(`Ramdisk ${index} of ${NAME[side]} cannot be read to its end: ${faults[side]}.`);
  for (const side of SIDES) {
    const sizes = sections.filter(({ kind }) => kind === "ramdisk").flatMap((section) => section[side]?.bytes ?? []);
    for (const [i, bytes] of sizes.slice(0, -1).entries())
      if (bytes % 4 !== 0)
        warnings.push(
          `Ramdisk ${i + 1} of ${NAME[side]} has ${bytes} bytes, which is no multiple of 4: the kernel loses the ramdisk after it, though it is measured.`,
        );
  }
  for (const file of files) warnings.push(...ofFile(file));
  for (const { kind, name, status, versions } of packages ?? [])
    if (status === "content" && (kind === "npm" || kind === "debian"))
      warnings.push(`${kind} ${name} ${versions.b.join(", ")} has the same version in both images and other bytes.`);
  const program = files.find(({ path, content }) => path === "rootfs/app/enclave.mjs" && content !== null);
  if (program !== undefined && packages !== null && !packages.some((one) => one.files.some(({ part }) => part === "bundle")))
    warnings.push(
      "The enclave program changed and none of the files that it was bundled from did: the bundler or its settings changed, or the program was edited.",
    );
  const list = files.find(({ path }) => path === MANIFEST_PATH);
  if (list !== undefined && list.content !== null && packages !== null && packages.length === 0)
    warnings.push("The manifests differ in bytes and list the same files.");
  return warnings;
}

function ofFile({ path, a, b }: FileChange): string[] {
  if (b === null || (a !== null && a.mode === b.mode && a.kind === b.kind)) return [];
  const warnings: string[] = [];
  if (/^[2-7]/.test(b.mode) && b.kind === "file")
    warnings.push(`${path} runs with the rights of its owner or group in B (mode ${b.mode}).`);
  if (/[2367]$/.test(b.mode) && b.kind === "file") warnings.push(`${path} can be written by everyone in B (mode ${b.mode}).`);
  if (b.kind === "device") warnings.push(`${path} is a device in B.`);
  return warnings;
}

const SIDES = ["a", "b"] as const satisfies (keyof Pair<unknown>)[];
const NAME = { a: "A", b: "B" } as const;
const MAX_TOLD = 5;
