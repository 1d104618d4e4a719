// Writes golden.json anew, after a change that is meant to change findings: node test/reproducible/write-golden.ts
import { writeFileSync } from "node:fs";
import { GOLDEN_FILE, goldenOf } from "./golden.ts";
import { analyseAll } from "./program.ts";
import { goldenRecordings } from "./recordings.ts";

const recordings = goldenRecordings();
const golden = goldenOf(recordings, analyseAll([...recordings.values()]));
writeFileSync(GOLDEN_FILE, `${JSON.stringify(golden, null, 2)}\n`);
for (const [name, { findings, series }] of Object.entries(golden))
  console.log(`${name}: ${findings.count} findings, ${Object.keys(series).length} series`);
