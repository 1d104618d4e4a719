// The fake KMS in a process of its own, for tests that may not import it: says on the first line where it is, then each
// request's headers on a line. Ends with its stdin.
import { createHash } from "node:crypto";
import { honestly, startFakeKms } from "./fake-kms.ts";

const [nowMs = "", old = ""] = process.argv.slice(2);
const fake = await startFakeKms(
  Number(nowMs),
  old === "" ? {} : { tls: { minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" } },
);
const say = (line: unknown): void => void process.stdout.write(`${JSON.stringify(line)}\n`);
fake.behave = (response, asked, honest) => {
  say(asked.headers);
  honestly(response, asked, honest);
};
const dataKeyDigest = createHash("sha256").update(fake.dataKey).digest("hex");
say({ socketPath: fake.socketPath, root: Buffer.from(fake.authority.certificate).toString("hex"), dataKeyDigest });
process.stdin.on("end", () => void fake.close()).resume();
