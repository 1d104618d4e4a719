import { GROUPS } from "./groups.ts";

// Judges each input of one group many times and says how long that took, in a process of its own with a small heap:
// node --max-old-space-size=64 survive.ts <group>
const [, , group = ""] = process.argv;
const inputs = GROUPS[group]?.() ?? [];
const seconds = (since: bigint): number => Number(process.hrtime.bigint() - since) / 1e9;
const slowest: { name: string; seconds: number }[] = [];
for (const { name, judge, code, times } of inputs) {
  const began = process.hrtime.bigint();
  for (let turn = 0; turn < times; turn++) {
    const found = await judge();
    if (!code.test(found)) throw new Error(`${name}: ${found}, expected ${code.source}`);
  }
  slowest.push({ name, seconds: seconds(began) });
}
slowest.sort((a, b) => b.seconds - a.seconds);
const judged = inputs.reduce((sum, { times }) => sum + times, 0);
const rssMiB = Math.round(process.resourceUsage().maxRSS / 1024);
console.log(JSON.stringify({ inputs: inputs.length, judged, rssMiB, slowest: slowest.slice(0, 5) }));
