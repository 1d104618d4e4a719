import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDevelopmentKms, openSimulatedPki } from "@caladrius/nitro-sim";
import { expect, it } from "vitest";
import { Terminal } from "./print.ts";
import { fleetObject, printFleet } from "./tell.ts";

const CLOCK = { nowMs: (): number => Date.now() };

it("names the file of the submitter's credentials, and prints no secret", async () => {
  const data = mkdtempSync(join(tmpdir(), "caladrius-tell-"));
  const pki = await openSimulatedPki(join(data, "pki"), CLOCK);
  const kms = await openDevelopmentKms({ dataDir: join(data, "kms"), pki, clock: CLOCK });
  try {
    let told = "";
    const stream = { isTTY: false, write: (text: string | Uint8Array): boolean => ((told += String(text)), true) };
    const fleet = { name: "ward", kms, epochs: data };
    expect(JSON.stringify(fleetObject(fleet))).not.toContain(kms.submitter.secretAccessKey);
    expect(fleetObject(fleet)).toMatchObject({ fleet: "ward", kms: { credentials: kms.submitterCredentialsPath } });
    printFleet(fleet, new Terminal({ stdout: stream, stderr: stream, environment: {} }, false));
    expect(told).toContain(`AWS_SHARED_CREDENTIALS_FILE=${kms.submitterCredentialsPath}`);
    expect(told).not.toContain(kms.submitter.secretAccessKey);
    expect(statSync(kms.submitterCredentialsPath).mode & 0o777).toBe(0o600);
    expect(readFileSync(kms.submitterCredentialsPath, "utf8")).toBe(
      `[default]\naws_access_key_id = ${kms.submitter.accessKeyId}\naws_secret_access_key = ${kms.submitter.secretAccessKey}\n`,
    );
  } finally {
    await kms.close();
    rmSync(data, { recursive: true, force: true });
  }
});
