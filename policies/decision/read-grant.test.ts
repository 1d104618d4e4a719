import { expect, it } from "vitest";
import { equalBytes } from "@caladrius/wire";
import { CRYPTO, grantOf, KEY } from "./generate/world.ts";
import { grantReader } from "./read-grant.ts";

it("what is remembered of a grant keeps nothing of the job that carried it in memory", () => {
  const read = grantReader([{ name: "clinic", key: KEY.clinic.publicKey }], CRYPTO, 8);
  const statement = grantOf();
  const job = new Uint8Array(1024 * 1024);
  job.set(statement, 4096);
  const verified = read(job.subarray(4096, 4096 + statement.length));
  if (verified === null) throw new Error("the grant did not verify");
  const { grant, digest } = verified;
  for (const bytes of [digest, grant.id, grant.issuer, grant.holder.key]) expect(bytes.buffer.byteLength).toBeLessThanOrEqual(8192);
  job.fill(0); // nor does it change with that
  expect(equalBytes(grant.issuer, CRYPTO.sha256(KEY.clinic.publicKey.key))).toBe(true);
  expect(read(statement)).toBe(verified);
});
