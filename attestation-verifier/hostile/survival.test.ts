import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";

const run = promisify(execFile);
const survive = fileURLToPath(new URL("generate/survive.ts", import.meta.url));

interface Survived {
  inputs: number;
  judged: number;
  rssMiB: number;
  slowest: { name: string; seconds: number }[];
}

/** How many inputs a group has at least, so that none goes missing unseen, and what its process may take at most. */
const EXPECTED: Readonly<Record<string, { inputs: number; rssMiB: number }>> = {
  documents: { inputs: 75, rssMiB: 300 }, // Node itself takes about 110
  certificates: { inputs: 300, rssMiB: 250 },
  results: { inputs: 50, rssMiB: 400 },
  "large results": { inputs: 10, rssMiB: 450 }, // 32 MiB, its copy, and copies that are not collected yet
  "trust files": { inputs: 14, rssMiB: 450 },
  "lists and time stamps": { inputs: 19, rssMiB: 300 },
};

describe("hostile inputs, each a thousand times (the heaviest ten) in a process with a heap of 64 MB", () => {
  it.each(Object.keys(EXPECTED))("are all refused, and it lives: %s", { timeout: 300_000 }, async (group) => {
    const { stdout } = await run(process.execPath, ["--max-old-space-size=64", survive, group], {
      timeout: 280_000,
      killSignal: "SIGKILL",
    });
    const { inputs, judged, rssMiB, slowest } = JSON.parse(stdout) as Survived;
    const { inputs: least, rssMiB: most } = EXPECTED[group] ?? { inputs: Number.POSITIVE_INFINITY, rssMiB: 0 };
    expect(inputs).toBeGreaterThanOrEqual(least);
    expect(judged).toBeGreaterThanOrEqual(10 * inputs);
    expect(rssMiB).toBeLessThan(most);
    expect(slowest[0]?.seconds, slowest[0]?.name).toBeLessThan(60); // a thousand times, on a busy machine; what hangs would take for ever
  });
});
