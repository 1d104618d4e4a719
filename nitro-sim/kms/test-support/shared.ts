import type { KMSClient } from "@aws-sdk/client-kms";
import { afterAll } from "vitest";
import type { Principal } from "../principals.ts";
import { startTestKms, type TestKms } from "./service.ts";

/** One service for all tests of a file, which knows these principals too, and its administrator's client; it ends with the file. */
export async function sharedTestKms(...principals: readonly Principal[]): Promise<{ service: TestKms; admin: KMSClient }> {
  const service = await startTestKms();
  afterAll(() => service.close());
  for (const principal of principals) service.kms.principals.add(principal);
  return { service, admin: service.client() };
}

/** What gets encrypted and signed. */
export const TEXT: Buffer = Buffer.from("a secret");
