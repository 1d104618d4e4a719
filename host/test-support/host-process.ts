import { startHost } from "../index.ts";
import { BUSY_MS, testHostOptions } from "./harness.ts";

/** A host in its own process, so that a test can kill it: DIR ENCLAVE_SOCKET. Prints its address when it listens. */
const [dir = "", socket = ""] = process.argv.slice(2);
const host = await startHost({ ...testHostOptions(dir, socket), limits: { drainMs: 2000, loopDelayMs: BUSY_MS } });
process.on("SIGTERM", () => void host.close().then(() => process.exit(0)));
process.stdout.write(`${host.url}\n`);
