// Regenerates the table of the ventricular model from a folder of WFDB records (the 22 of MIT-BIH DS1):
//   node bench/training/train-veb.ts [DIR] [--out=FILE]
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { DS1_FOLDER, readRecord, recordNames } from "../scoring/records.ts";
import { vebRows, type VebRows } from "./veb-rows.ts";
import { tableSource } from "./veb-table.ts";
import { trainVeb } from "./veb-train.ts";

const words = process.argv.slice(2);
const folder = words.find((word) => !word.startsWith("--")) ?? DS1_FOLDER;
const out =
  words.find((word) => word.startsWith("--out="))?.slice("--out=".length) ??
  fileURLToPath(new URL("../../enclave/analyse/ecg/ectopy/model-table.ts", import.meta.url));

const all: VebRows[] = [];
for (const name of recordNames(folder)) {
  const record = await readRecord(folder, name);
  for (const leads of ["two leads", "first lead", "second lead"] as const) all.push(vebRows(record, leads));
  process.stderr.write(`${name} described\n`);
}
const source = tableSource(trainVeb(all));
writeFileSync(out, source);
const digest = createHash("sha256").update(source).digest("hex");
const recorded = JSON.parse(readFileSync(new URL("veb.json", import.meta.url), "utf8")) as { sha256: string };
process.stdout.write(`${out}\nsha256 ${digest}: ${digest === recorded.sha256 ? "as recorded" : `recorded is ${recorded.sha256}`}\n`);
