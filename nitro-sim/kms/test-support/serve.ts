// A service in a process of its own, for tests that kill it: node serve.ts DATADIR. Prints one line when it listens.
import { join } from "node:path";
import { openPrincipals } from "../principals.ts";
import { startKms } from "../start.ts";

const dataDir = process.argv[2] ?? "";
const principals = await openPrincipals(join(dataDir, "principals.json"), "111122223333");
const kms = await startKms({ dataDir, principals, clock: { nowMs: () => Date.now() }, attestationRoots: [] });
process.stdout.write(`${JSON.stringify({ url: kms.url, caPem: kms.caPem, region: kms.region })}\n`);
