import { createHash } from "node:crypto";
import { explainImages, kernelPlaceholderOf, readEif, sbomOf } from "@caladrius/image";
import { encodeApproved, encodeRelease, encodeStatement, fromHex, type Release } from "@caladrius/wire";
import { approverOfKey } from "../approval/approver.ts";
import type { Arguments } from "../arguments.ts";
import { about, EXIT, UsageError, type ExitCode } from "../exit.ts";
import { readText, refuseExisting, writeWhole } from "../files.ts";
import { readApproverKey } from "../fleet/approver-key.ts";
import { readConstitution } from "../fleet/deployment.ts";
import { measureFile, readImage } from "../image-file.ts";
import { styled, type Terminal } from "../print.ts";
import { countUnder } from "../release/file.ts";
import { printQuorum, printRelease } from "../release/print.ts";
import { signatures } from "@caladrius/attestation-verifier/signatures";

/** States a release: what was measured, of which source. Nobody has approved it yet, not even who states it. */
export async function run(args: Arguments, terminal: Terminal): Promise<ExitCode> {
  const [out, force] = [args.text("out"), args.flag("force")];
  if (!force) await refuseExisting(out);
  const founded = await readConstitution(args.text("constitution"), signatures);
  const key = await readApproverKey(args.text("key"));
  approverOfKey(founded.constitution, key.publicKey, { person: null, role: args.optional("role") });
  const measured = await readMeasured(args, terminal);
  const notes = args.optional("notes-file");
  const release: Release = {
    version: 1,
    name: args.optional("name") ?? "caladrius",
    softwareVersion: args.text("version"),
    ...measured,
    sourceCommit: args.text("commit"),
    notes: notes === null ? (args.optional("notes") ?? "") : await readText(notes, MAX_NOTES_BYTES),
  };
  const statement = encodeStatement("release", key.publicKey.alg, encodeRelease(release), (bytes) => key.sign(bytes));
  const source = { statement, approvals: [] };
  const { digest, author, quorum } = await countUnder(source, founded);
  await writeWhole(out, encodeApproved(source), { force });
  terminal.object({ out, digest, author, ...release, missing: quorum.missing });
  printRelease(release, digest, terminal);
  printQuorum(quorum, terminal);
  terminal.line(`wrote ${out}, stated by ${author.person}, ${author.role}: approvers add theirs with \`caladrius release approve ${out}\``);
  return EXIT.ok;
}

type Measured = Pick<Release, "pcrs" | "imageDigest" | "sbomDigest">;

function readMeasured(args: Arguments, terminal: Terminal): Promise<Measured> | Measured {
  const [images, sets] = [args.many("eif"), args.many("pcrs")];
  if ((images.length === 0) === (sets.length === 0)) throw new UsageError("give either --eif or --pcrs with --image-digest");
  if (images.length > 0) {
    if (args.optional("image-digest") !== null || args.optional("sbom-digest") !== null)
      throw new UsageError("--image-digest and --sbom-digest are read from the image where there is one");
    return measureImages(images, args.flag("allow-unreproducible"), terminal);
  }
  return measuredElsewhere(args, sets);
}

/** What an image says of itself is compared with what is in it: only then can others rebuild what they approve. */
async function measureImages(paths: readonly string[], allowUnreproducible: boolean, terminal: Terminal): Promise<Measured> {
  const pcrs: Release["pcrs"] = [];
  const digests: Uint8Array[] = [];
  const boms: Uint8Array[] = [];
  for (const path of paths) {
    const { pcr0, pcr1, pcr2 } = (await measureFile(path, terminal)).measurements;
    const bytes = await readImage(path);
    const { faults, manifest } = await about(path, () => explainImages(bytes, bytes).images.a);
    const doubts = [
      ...faults,
      ...(manifest.status === "read" ? [] : ["it holds no manifest of its files"]),
      ...manifest.faults,
      ...manifest.unreproducible,
    ];
    if (doubts.length > 0 && !allowUnreproducible)
      throw new UsageError(
        `${path} is not fit for a release: ${doubts.join("; ")}`,
        "build it again where it can be reproduced, or release it all the same with --allow-unreproducible",
      );
    for (const doubt of doubts) terminal.note(`${path}: ${doubt}`);
    const unbootable = kernelPlaceholderOf(readEif(bytes));
    if (unbootable !== null) terminal.note([styled("yellow", "look at   "), `${path}: ${unbootable}`]);
    pcrs.push({ pcr0, pcr1, pcr2 });
    digests.push(sha384(bytes));
    if (manifest.status === "read") boms.push(await about(path, () => sha384(Buffer.from(sbomOf(bytes)))));
  }
  return { pcrs, imageDigest: together(digests), sbomDigest: boms.length === digests.length ? together(boms) : null };
}

async function measuredElsewhere(args: Arguments, paths: readonly string[]): Promise<Measured> {
  const imageDigest = args.hex("image-digest", 48, 48);
  if (imageDigest === null) throw new UsageError("--image-digest is missing: SHA-384 of the image file");
  const pcrs: Release["pcrs"] = [];
  for (const path of paths) pcrs.push(readSet(await readText(path, MAX_SET_BYTES), path));
  return { pcrs, imageDigest, sbomDigest: args.hex("sbom-digest", 48, 48) };
}

/** As `nitro-cli build-enclave` and `caladrius image measure` print measurements. */
function readSet(text: string, path: string): Release["pcrs"][number] {
  try {
    const json = JSON.parse(text) as { Measurements?: Record<string, unknown> };
    const value = (name: string): Uint8Array => {
      const hex = json.Measurements?.[name];
      if (typeof hex !== "string" || !/^[0-9a-f]{96}$/.test(hex))
        throw new UsageError(`${path} has no ${name} of 96 lower-case hex digits`);
      return fromHex(hex);
    };
    return { pcr0: value("PCR0"), pcr1: value("PCR1"), pcr2: value("PCR2") };
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`${path} is no JSON`, 'write {"Measurements": {"PCR0": …, "PCR1": …, "PCR2": …}}, as `image measure` prints it');
  }
}

/** One digest as it is; of several, the digest of their digests in order. */
function together(digests: readonly Uint8Array[]): Uint8Array {
  const [only] = digests;
  return digests.length === 1 && only !== undefined ? only : sha384(Buffer.concat(digests));
}

function sha384(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash("sha384").update(bytes).digest());
}

const MAX_NOTES_BYTES = 8192;
const MAX_SET_BYTES = 64 * 1024;
