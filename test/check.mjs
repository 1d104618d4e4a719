// `npm test`: types, lint, format, knip, then every test. The last line is `N passed, N failed`:
// the test runner's counts plus one for each of the four checks.
import "./require-node24.mjs";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Each check is a list of commands, run in order; all must succeed. Tools come from this project's node_modules. */
const CHECKS = [
  {
    name: "types",
    commands: [
      ["typescript/bin/tsc", "-p", "tsconfig.pure.json"],
      ["typescript/bin/tsc", "-p", "tsconfig.json"],
      ["typescript/bin/tsc", "-p", "pages/tsconfig.json"],
      ["typescript/bin/tsc", "-p", "tsconfig.browser.json"],
    ],
  },
  { name: "lint", commands: [["oxlint/bin/oxlint", "--type-aware", "--deny-warnings"]] },
  { name: "format", commands: [["oxfmt/bin/oxfmt", "--check", "."]] },
  { name: "knip", commands: [["knip/bin/knip.js", "--no-progress"]] },
];

let passed = 0;
let failed = 0;

for (const check of CHECKS) {
  const started = performance.now();
  const problem = check.commands.map((command) => run(command)).find((result) => result.code !== 0);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  if (problem === undefined) {
    passed += 1;
    console.log(`ok      ${check.name} (${seconds} s)`);
  } else {
    failed += 1;
    console.log(problem.output.trimEnd());
    console.log(`FAILED  ${check.name} (${seconds} s)`);
  }
}

const tests = runTests();
passed += tests.passed;
failed += tests.failed;
console.log(
  `${tests.failed === 0 ? "ok      " : "FAILED  "}tests: ${tests.passed} passed, ${tests.failed} failed, ${tests.skipped} skipped`,
);
for (const name of tests.skippedNames) console.log(`skipped ${name}`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

/** Runs one tool and keeps what it printed, so that a check which succeeds is one line. */
function run([script, ...args]) {
  const result = spawnSync(process.execPath, [join(root, "node_modules", script), ...args], {
    cwd: root,
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
  });
  const output = `${result.stdout ?? ""}${result.stderr ?? ""}${result.error === undefined ? "" : `${result.error.message}\n`}`;
  return { code: result.status ?? 1, output };
}

/** Runs vitest and reads its JSON report: a file that fails to load, an error outside a test and an empty run all count as failures. */
function runTests() {
  const folder = mkdtempSync(join(tmpdir(), "caladrius-check-"));
  const report = join(folder, "report.json");
  try {
    const vitest = spawnSync(
      process.execPath,
      [join(root, "node_modules/vitest/vitest.mjs"), "run", "--reporter=default", "--reporter=json", `--outputFile.json=${report}`],
      { cwd: root, stdio: ["ignore", "inherit", "inherit"], env: process.stdout.isTTY ? process.env : { ...process.env, NO_COLOR: "1" } },
    );
    return count(readReport(report), vitest.status ?? 1);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function readReport(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return { testResults: [] };
  }
}

function count(report, exitCode) {
  const cases = report.testResults.flatMap((file) => file.assertionResults);
  const ranPassed = cases.filter((test) => test.status === "passed").length;
  const unloadable = report.testResults.filter(
    (file) => file.status === "failed" && !file.assertionResults.some((test) => test.status === "failed"),
  ).length;
  let ranFailed = cases.filter((test) => test.status === "failed").length + unloadable;
  if (ranFailed === 0 && (exitCode !== 0 || ranPassed === 0)) ranFailed = 1;
  const skipped = cases.filter((test) => test.status !== "passed" && test.status !== "failed");
  return { passed: ranPassed, failed: ranFailed, skipped: skipped.length, skippedNames: skipped.map((test) => test.fullName) };
}
