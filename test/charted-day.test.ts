import { readCsv } from "@caladrius/client/formats";
import { analyse } from "@caladrius/enclave/analyse";
import { utf8Encode } from "@caladrius/wire";
import { expect, it } from "vitest";

it("scores every hour of a charted day, also of states that never change", () => {
  const hours = Array.from({ length: 13 }, (_, h) => `2026-03-01T${String(h).padStart(2, "0")}:00:00Z,84,16,97,124,36.8,off,A`);
  const text = `time,HR,RR,SpO2,SBP,temp,oxygen,consciousness\n${hours.join("\n")}\n`;
  const [read] = readCsv(utf8Encode(text), { file: "p.csv" }).recordings;
  const { findings, coverage } = analyse(read!.recording, { detectors: ["news2"] });
  expect(findings).toEqual([]);
  expect(coverage.unassessed).toEqual([]);
});
