import { readCsv } from "@caladrius/client/formats";
import { analyse } from "@caladrius/enclave/analyse";
import { PLAUSIBLE, utf8Encode, type BoundedVital } from "@caladrius/wire";
import { describe, expect, it } from "vitest";

/** Signals that the enclave reads, by the columns that files name them with. */
const COLUMNS: readonly (readonly [column: string, vital: BoundedVital])[] = [
  ["8867-4", "heart-rate"],
  ["mdc:147842", "heart-rate"],
  ["mdc:149530", "heart-rate"],
  ["pulse", "heart-rate"],
  ["9279-1", "respiratory-rate"],
  ["2708-6", "spo2"],
  ["8480-6", "systolic"],
  ["mdc:150037", "systolic"],
  ["8462-4", "diastolic"],
  ["mdc:150038", "diastolic"],
  ["8310-5", "temperature"],
  ["2339-0", "glucose"],
  ["9269-2", "gcs"],
];

describe("values that no patient has", () => {
  it.each(COLUMNS)("%s: whoever reads a file tells what the enclave leaves out, and no other", (column, vital) => {
    const { least, most } = PLAUSIBLE[vital];
    for (const [value, isPlausible] of [
      [least - 0.1, false],
      [least, true],
      [most, true],
      [most + 0.1, false],
    ] as const) {
      const { recordings, problems, warnings } = readCsv(utf8Encode(`time,${column}\n0,${value.toFixed(1)}\n`), { file: "p.csv" });
      expect(problems).toEqual([]);
      expect(warnings.map(({ code }) => code)).toEqual(isPlausible ? [] : ["value-implausible"]);
      const { rejected } = analyse(recordings[0]!.recording, { detectors: [] }).coverage;
      expect(rejected).toEqual(isPlausible ? [] : [{ reason: `${vital}-implausible`, samples: 1 }]);
    }
  });
});
