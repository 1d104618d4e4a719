import { createSubmitterKey, submit } from "@caladrius/client";
import { connectSigner, startNight, untilDecided } from "@caladrius/test/support";
import { numericHour } from "./recordings.ts";
import type { Report } from "./report.ts";

const ROUNDS = 10;
/** The most that may pass from the first request to the first result, milliseconds. */
const MOST_MS = 5000;

/** From the first request to the first result, with two signers connected who say yes as soon as they see it. */
export async function run(report: Report): Promise<void> {
  report.progress("simulator, enclave and host");
  const night = await startNight();
  try {
    const stop = await Promise.all([connectSigner(night, "ben", "doctor"), connectSigner(night, "dan", "doctor")]);
    const recording = numericHour();
    const times: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      report.progress(`emergency ${round + 1} of ${ROUNDS}`);
      const key = await createSubmitterKey();
      const began = performance.now();
      const desk = night.desk(key);
      const { emergency } = await desk.open({ subject: recording.subject, ward: "icu", reason: "resuscitation", level: "findings" });
      await untilDecided(desk, emergency.id);
      const [outcome] = await submit([{ recording }], {
        hostUrl: night.stack.url,
        trust: night.trust,
        key,
        purpose: "ETREAT",
        ward: "icu",
        emergency: emergency.id,
      });
      if (
        outcome?.verdict?.status === undefined ||
        outcome.verdict.status === "contraindicated" ||
        !outcome.verdict.claims.result.flags.breakGlass
      )
        throw new Error("no result under the emergency");
      times.push(performance.now() - began);
    }
    await Promise.all(stop.map((end) => end()));
    times.sort((a, b) => a - b);
    report.add("first request to first result, median", times[ROUNDS >> 1] ?? Infinity, "ms");
    report.add("first request to first result, slowest", times.at(-1) ?? Infinity, "ms");
    if (!((times.at(-1) ?? Infinity) < MOST_MS)) throw new Error(`more than ${MOST_MS} ms`);
  } finally {
    await night.close();
  }
}
