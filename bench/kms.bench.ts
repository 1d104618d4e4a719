import { kmsJobContext, fromBase64, toHex } from "@caladrius/wire";
import { startWorld, type World } from "@caladrius/test/kms";
import { fleetJob } from "@caladrius/test/kms/jobs";
import { percentiles, type Report } from "./report.ts";
import { inProcess, timeInTurns } from "./rounds.ts";

const CALLS = 300;
const AT_ONCE = 8;
const ROUNDS = 30;
/** What a fleet's keys may cost beside those of the boot: nothing that can be measured. */
const TARGET = 1.03;

/**
 * What KMS costs: a round trip of Decrypt with Recipient from the enclave's client over TLS to the simulator and back,
 * documents and their verification included; and a job under a fleet's keys against the same job under the boot's keys.
 */
export async function run(report: Report): Promise<void> {
  const world = await startWorld();
  try {
    report.progress("Decrypt with Recipient");
    await roundTrips(report, world);
    report.progress("jobs under fleet keys and boot keys");
    await jobs(report, world);
  } finally {
    await world.close();
  }
}

async function roundTrips(report: Report, world: World): Promise<void> {
  const { inside } = await world.boot();
  const { kms } = inside;
  if (kms === null) throw new Error("the constitution names no KMS");
  const context = kmsJobContext(toHex(world.deployment.constitutionDigest), "00".repeat(16));
  const made = await world.as(world.admin, "GenerateDataKey", { KeyId: world.jobKey, KeySpec: "AES_256", EncryptionContext: context });
  const blob = fromBase64(String(made.json["CiphertextBlob"]));
  const decrypt = (): Promise<Uint8Array> => kms.decrypt(world.jobKey, blob, context);
  for (let i = 0; i < AT_ONCE; i++) await decrypt();
  const millis: number[] = [];
  for (let i = 0; i < CALLS; i++) {
    const began = performance.now();
    await decrypt();
    millis.push(performance.now() - began);
  }
  const { p50, p99 } = percentiles(millis);
  report.add("Decrypt with Recipient, p50", p50, "ms");
  report.add("Decrypt with Recipient, p99", p99, "ms");
  const began = performance.now();
  let left = CALLS;
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      while (left-- > 0) await decrypt();
    }),
  );
  report.add(`Decrypt with Recipient, ${AT_ONCE} at once`, (1000 * CALLS) / (performance.now() - began), "round trips/s");
}

async function jobs(report: Report, world: World): Promise<void> {
  const enclave = await world.boot();
  const { candidate } = await enclave.birth();
  await enclave.serve(world.sign(candidate));
  const boot = fleetJob(world, (await enclave.attest("boot")).identity);
  const fleet = fleetJob(world, (await enclave.attest("fleet")).identity);
  const answer = (sealed: Uint8Array) => async (): Promise<void> => {
    if ((await enclave.answer(sealed)) !== "opened") throw new Error("a job was not opened");
    enclave.replies.length = 0;
  };
  const timings = await timeInTurns(
    [inProcess("job under boot keys", answer(boot)), inProcess("job under fleet keys", answer(fleet))],
    ROUNDS,
  );
  for (const [i, { name, costs, ratios }] of timings.entries())
    report.add(name, 1e6 / costs.p50, "jobs/s", i === 0 ? undefined : { name: "boot keys' time", ratio: ratios.p50, target: TARGET });
}
