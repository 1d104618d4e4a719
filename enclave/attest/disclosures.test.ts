import { encodeDisclosure, equalBytes, MESSAGE, type ResultClaims } from "@caladrius/wire";
import { beforeEach, describe, expect, it } from "vitest";
import { sha256 } from "../crypto.ts";
import { makeDeployment, type TestDeployment } from "../test-support/deployment.ts";
import { World, type TestEnclave } from "../test-support/enclaves.ts";
import { jobFor, openReply, type TestJob } from "../test-support/jobs.ts";
import { statusListOf } from "../test-support/status-lists.ts";

let deployment: TestDeployment;
let enclave: TestEnclave;
beforeEach(async () => {
  deployment = makeDeployment({ kms: false });
  enclave = await new World().boot(deployment);
});
const answered = async (job: TestJob): Promise<{ claims: ResultClaims; disclosures: Uint8Array[] }> =>
  openReply(job, (await enclave.answer(job.sealed)).replies[0] ?? new Uint8Array(0));

describe("two results of one job, which a host can have by sending it again", () => {
  it("tell nobody a salt: the decoys of the one are no salts of the other", async () => {
    const job = jobFor(enclave.inside.identity.bytes, { request: { floors: { policyVersion: 0, statusVersion: 2 } } });
    const denied = await answered(job);
    await enclave.send(MESSAGE.statusList, statusListOf(deployment, { number: 2 }));
    const allowed = await answered(job);
    expect(denied.disclosures).toHaveLength(1);
    expect(allowed.disclosures.length).toBeGreaterThan(8);

    // Whoever may see an alarm alone holds both signed results, and guesses what was withheld.
    const parts = denied.claims.disclosureDigests.flatMap((digest) => [digest.subarray(0, 16), digest.subarray(16)]);
    const holds = (salt: Uint8Array): boolean => {
      const guess = sha256(encodeDisclosure(salt, "subject", "subject-1"));
      return allowed.claims.disclosureDigests.some((digest) => equalBytes(digest, guess));
    };
    expect(parts.filter(holds)).toEqual([]);
    const salts = [...denied.disclosures, ...allowed.disclosures].map((one) => Buffer.from(one.subarray(2, 18)).toString("hex"));
    expect(new Set(salts).size).toBe(salts.length);
  });

  it("have the same disclosures and decoys where they say the same", async () => {
    const job = jobFor(enclave.inside.identity.bytes);
    const [first, second] = [await answered(job), await answered(job)];
    expect(second.claims.disclosureDigests).toEqual(first.claims.disclosureDigests);
    expect(second.disclosures).toEqual(first.disclosures);
  });
});
