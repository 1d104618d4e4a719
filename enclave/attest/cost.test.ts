import { decodeDisclosure, encodeRecording, type Recording } from "@caladrius/wire";
import { beforeEach, expect, it, vi } from "vitest";
import type { AnalyseOptions } from "../analyse/index.ts";
import { even, recordingOf, START_MS } from "../analyse/recordings.fixture.ts";
import { makeDeployment } from "../test-support/deployment.ts";
import { World, type TestEnclave } from "../test-support/enclaves.ts";
import { jobFor, openReply, type JobChange } from "../test-support/jobs.ts";

// What an answer costs is what is analysed for it, so that is watched; it is done for real.
const analysed: { subject: string; detectors: readonly string[]; applying: boolean | undefined }[] = [];
vi.mock(import("../analyse/index.ts"), async (original) => {
  const real = await original();
  const analyse = (recording: Recording, options: AnalyseOptions): ReturnType<typeof real.analyse> => {
    analysed.push({ subject: recording.subject, detectors: options.detectors, applying: options.applying });
    return real.analyse(recording, options);
  };
  return { ...real, analyse };
});

let enclave: TestEnclave;
beforeEach(async () => {
  enclave = await new World().boot(makeDeployment({ kms: false }));
});
const costOf = async (change: JobChange): Promise<(typeof analysed)[number] | undefined> => {
  analysed.length = 0;
  await enclave.answer(jobFor(enclave.inside.identity.bytes, change).sealed);
  expect(analysed.length).toBeLessThanOrEqual(1);
  return analysed[0];
};

it.each<[string, JobChange]>([
  ["for its purpose", { request: { purpose: "HMARKT" } }],
  ["for its floor", { request: { floors: { policyVersion: 99, statusVersion: 0 } } }],
  ["for a grant that is none", { request: { grants: [{ grant: new Uint8Array(10), use: 1 }] } }],
  ["as nobody signed it", { signedHeader: (header) => ({ ...header, notAfter: 1 }) }],
])("a job that is denied %s runs what it would run if it were allowed", async (_why, change) => {
  for (const detectors of [[], ["news2"], ["news2", "trend"]]) {
    const allowed = await costOf({ request: { detectors } });
    const denied = await costOf({ ...change, request: { ...change.request, detectors } });
    expect(denied).toEqual(allowed);
    if (detectors.length > 0) expect(allowed?.detectors).toEqual(detectors);
  }
});

it("a job that asks for what the bundle does not have runs all that it has", async () => {
  const all = await costOf({});
  expect((await costOf({ request: { detectors: ["palmistry"] } }))?.detectors).toEqual(all?.detectors);
});

it("a recording of another subject is analysed before it is denied", async () => {
  const other = encodeRecording({
    ...recordingOf([even("loinc:8867-4", "/min", Array<number>(600).fill(150), { startMs: START_MS })]),
    subject: "subject-2",
  });
  expect(await costOf({ recording: other })).toEqual({ ...(await costOf({})), subject: "subject-2" });
});

it("a bug in deciding is answered like a denial, and costs what an answer costs", async () => {
  const answered = await costOf({});
  const { inside } = enclave;
  inside.authority.cedar.permits = () => {
    throw new Error("a bug");
  };
  analysed.length = 0;
  const job = jobFor(inside.identity.bytes, {});
  const { replies } = await enclave.answer(job.sealed);
  expect(analysed).toEqual([answered]);
  const { disclosures } = openReply(job, replies[0] ?? new Uint8Array(0));
  expect(disclosures.map((one) => decodeDisclosure(one))).toEqual([{ name: "denial", value: "failed-decision" }]);
});
