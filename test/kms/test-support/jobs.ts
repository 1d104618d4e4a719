import { dataKeyJob as makeDataKeyJob, jobFor as makeJob, type JobChange, type TestJob } from "@caladrius/enclave/test-support/jobs.ts";
import { fromBase64 } from "@caladrius/wire";
import type { World } from "./world.ts";

const inAnHour = (world: World): number => Math.floor(world.time.nowMs() / 1000) + 3600;

/** A job to the keys that an identity names. */
export function fleetJob(world: World, identity: Uint8Array): Uint8Array {
  return makeJob(identity, { notAfter: inAnHour(world) }).sealed;
}

/** A job under a data key that a submitter had KMS make. */
export function dataKeyJob(
  world: World,
  change: JobChange & { keyArn?: string; constitutionDigest?: Uint8Array } = {},
): Promise<TestJob & { jobId: Uint8Array }> {
  const { constitutionDigest = world.deployment.constitutionDigest, ...rest } = change;
  return makeDataKeyJob(
    {
      calls: [],
      given: [],
      async generateDataKey(KeyId, EncryptionContext) {
        const { status, json } = await world.as(world.admin, "GenerateDataKey", { KeyId, KeySpec: "AES_256", EncryptionContext });
        if (status !== 200) throw new Error(JSON.stringify(json));
        return { plaintext: fromBase64(String(json["Plaintext"])), blob: fromBase64(String(json["CiphertextBlob"])) };
      },
    },
    constitutionDigest,
    { keyArn: world.jobKey, notAfter: inAnHour(world), ...rest },
  );
}
