// A program with nothing but the client of KMS in it, to be bundled and started as the image's is: asks for one data key
// and says on one line what came of it.
import { createHash, randomBytes } from "node:crypto";
import { createKms } from "../client.ts";
import { KmsError } from "../port.ts";
import { BLOB, CONTEXT, CREDENTIALS, HOST, KEY_ARN } from "./constants.ts";
import { KeyNsm, makeClock, QUICK } from "./surroundings.ts";

const [socketPath = "", root = "", nowMs = ""] = process.argv.slice(2);
const kms = createKms({
  socketPath,
  endpoint: HOST,
  tlsRoots: [Buffer.from(root, "hex")],
  nsm: new KeyNsm(),
  clock: makeClock(Number(nowMs)).clock,
  bootId: new Uint8Array(16),
  randomBytes,
  limits: QUICK,
});
kms.setCredentials({ ...CREDENTIALS, expiresMs: Number(nowMs) + 600_000 });
try {
  const dataKey = await kms.decrypt(KEY_ARN, BLOB, CONTEXT);
  process.stdout.write(`opened ${createHash("sha256").update(dataKey).digest("hex")}\n`);
} catch (error) {
  process.stdout.write(`${error instanceof KmsError ? error.code : String(error)}\n`);
}
kms.close();
