import { ImageError, nitroMeasurements, type ImageCode, type MeasuredEif } from "@caladrius/image";
import { toHex } from "@caladrius/wire";
import type { Arguments } from "../arguments.ts";
import { EXIT, failureJson, FileProblem, type ExitCode } from "../exit.ts";
import { measureFile, signerOf, signerSentence } from "../image-file.ts";
import { styled, type Terminal } from "../print.ts";
import { readTrustFile } from "../trust.ts";

/** One register that was named on the command line or in a set of a trust file. */
interface Comparison {
  pcr: string;
  expected: string;
  actual: string;
}

/** Verifies that an image is well-formed and is the one that was expected; what nobody expected is not judged. */
export async function run(args: Arguments, terminal: Terminal): Promise<ExitCode> {
  const file = args.inputs[0] ?? "";
  const named = REGISTERS.flatMap(([pcr, option]) => {
    const value = args.hex(option, 48, 48);
    return value === null ? [] : [[pcr, toHex(value)] as const];
  });
  const trustFile = args.optional("trust");
  const trust = trustFile === null ? null : await readTrustFile(trustFile);
  let image: MeasuredEif;
  try {
    image = await measureFile(file, terminal);
  } catch (error) {
    if (error instanceof FileProblem && error.cause instanceof ImageError && NOT_GENUINE.includes(error.cause.code))
      return refuse(file, error.cause.code, error.cause.message, terminal);
    throw error;
  }

  const actual: Readonly<Record<string, string>> = { PCR8: "00".repeat(48), ...nitroMeasurements(image.measurements) };
  const compare = (pcr: string, expected: string): Comparison => ({ pcr, expected, actual: actual[pcr] ?? "" });
  const differing = named.map(([pcr, expected]) => compare(pcr, expected)).filter(differs);
  const [first] = differing;
  if (first !== undefined) {
    const sentence = `${differing.map(({ pcr }) => pcr).join(", ")}: the image is another one`;
    return refuse(file, "image-pcr", sentence, terminal, differing);
  }
  const sets = trust?.pcrSets.map((set) =>
    [...set].filter(([index]) => `PCR${index}` in actual).map(([index, value]) => compare(`PCR${index}`, toHex(value))),
  );
  if (sets !== undefined && !sets.some((set) => !set.some(differs))) {
    const nearest = sets.toSorted((a, b) => a.filter(differs).length - b.filter(differs).length)[0]?.filter(differs) ?? [];
    const sentence = `${trustFile ?? ""} accepts no image like this: ${sets.length === 0 ? "it has no set" : `none of its ${sets.length} sets matches`}`;
    return refuse(file, "image-trust", sentence, terminal, nearest);
  }

  const expected = [...named.map(([pcr]) => pcr), ...(trust === null ? [] : [trustFile ?? ""])];
  const signer = image.signature === null ? null : signerOf(image.signature);
  const signerIsNamed = named.some(([pcr]) => pcr === "PCR8") || (trust?.pcrSets.some((set) => set.has(8)) ?? false);
  const beyond = new Set(trust?.pcrSets.flatMap((set) => [...set.keys()]).filter((index) => !(`PCR${index}` in actual)));
  const notChecked = [
    ...(expected.length === 0 ? ["expected"] : []),
    ...(signer !== null && !signerIsNamed ? ["signer"] : []),
    ...[...beyond].map((index) => `PCR${index}`), // a running enclave has them, an image does not
    "metadata",
  ];
  terminal.object({
    file,
    status: expected.length > 0 ? "affirming" : "warning",
    code: null,
    measurements: nitroMeasurements(image.measurements),
    expected,
    signature: signer,
    notChecked,
  });
  terminal.line([styled("green", "well-formed  "), `${image.sections.length} sections in ${image.bytes} bytes, the checksum fits`]);
  terminal.line(signer === null ? "unsigned" : [styled("green", "signed       "), signerSentence(signer)]);
  if (expected.length > 0) terminal.line([styled("green", "as expected  "), expected.join(", ")]);
  if (expected.length > 0) terminal.line(`not checked  ${notChecked.join(", ")}`);
  else terminal.line([styled("yellow", "not compared "), "nothing says which image it should be: give --pcr0 or --trust"]);
  return EXIT.ok;
}

function refuse(file: string, code: string, sentence: string, terminal: Terminal, differences: readonly Comparison[] = []): ExitCode {
  terminal.object({ ...failureJson(file, { exit: EXIT.contraindicated, code, sentence, stage: "image" }), differences });
  terminal.line([styled("red", "refused      "), `${file}: ${sentence} (${code})`]);
  terminal.table(
    differences.flatMap(({ pcr, expected, actual }) => [
      [pcr, "expected", expected],
      ["", "actual", actual],
    ]),
    "  ",
  );
  return EXIT.contraindicated;
}

function differs({ expected, actual }: Comparison): boolean {
  return expected !== actual;
}

const REGISTERS = [
  ["PCR0", "pcr0"],
  ["PCR1", "pcr1"],
  ["PCR2", "pcr2"],
  ["PCR8", "pcr8"],
] as const;

/** The file is well-formed and yet not what it says: refused, not malformed. */
const NOT_GENUINE: readonly ImageCode[] = ["eif-signature-pcr0", "eif-signature-invalid"];
