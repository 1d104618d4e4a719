// Runs one benchmark or all: npm run bench [-- NAME] [--json] [--no-save] [--size=MB] [--wfdb=DIR]
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import "../test/require-node24.mjs";

const names = readdirSync(new URL(".", import.meta.url))
  .filter((file) => file.endsWith(".bench.ts"))
  .map((file) => file.slice(0, -".bench.ts".length));
// --size MB and --size=MB are one, and so with --wfdb DIR.
const VALUED = ["--size", "--wfdb"];
const words = process.argv
  .slice(2)
  .flatMap((word, i, all) => (VALUED.includes(all[i - 1]) ? [] : VALUED.includes(word) ? [`${word}=${all[i + 1] ?? ""}`] : [word]));
const valueOf = (name) => words.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1);
const [size, wfdb] = VALUED.map(valueOf);
const options = words.filter((word) => word.startsWith("--"));
const asked = words.filter((word) => !word.startsWith("--"));
const unknown = [
  ...asked.filter((name) => !names.includes(name)),
  ...options.filter((option) => !["--json", "--no-save", "--help"].includes(option) && !/^--(size=[1-9]\d{0,4}|wfdb=.+)$/s.test(option)),
];

if (options.includes("--help") || unknown.length > 0) {
  if (unknown.length > 0) console.error(`unknown: ${unknown.join(" ")}`);
  console.error(`npm run bench [-- NAME…] [--json] [--no-save] [--size=MB] [--wfdb=DIR]\nbenchmarks: ${names.join(", ")}`);
  process.exit(unknown.length > 0 ? 2 : 0);
}

// The V8 flags of the measured image, so that what runs here in one process costs what it costs there.
const FLAGS = ["--stack-trace-limit=0", "--max-semi-space-size=16", "--disable-warning=ExperimentalWarning"];
if (process.env.CALADRIUS_BENCH === undefined) {
  const { status } = spawnSync(process.execPath, [...FLAGS, ...process.argv.slice(1)], {
    stdio: "inherit",
    env: { ...process.env, CALADRIUS_BENCH: "1" },
  });
  process.exit(status ?? 1);
}

const { Report } = await import("./report.ts");
for (const name of asked.length > 0 ? asked : names) {
  const { run } = await import(`./${name}.bench.ts`);
  const report = new Report(name, { json: options.includes("--json"), save: !options.includes("--no-save") });
  await run(report, { ...(size === undefined ? {} : { sizeMb: Number(size) }), ...(wfdb === undefined ? {} : { wfdb }) });
  report.finish();
}
process.exit(0);
