import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, describe, expect, it } from "vitest";
import { EXIT } from "./exit.ts";
import { call } from "./test-support/call.ts";

const folder = mkdtempSync(join(tmpdir(), "caladrius-kms-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("caladrius kms up", () => {
  it("serves until it is told to end, and says where everything is", async () => {
    const program = join(import.meta.dirname, "caladrius.mjs");
    const child = spawn(process.execPath, [program, "kms", "up", "--data", folder, "--port", "0", "--account", "444455556666", "--json"], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const ended = once(child, "exit");
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const ready = JSON.parse(String((await lines.next()).value)) as Record<"url" | "region" | "ca" | "credentials" | "principals", string>;
    expect(ready.region).toBe("eu-central-1");
    expect(statSync(ready.credentials).mode & 0o777).toBe(0o600);
    expect(statSync(ready.principals).mode & 0o777).toBe(0o600);
    expect(readFileSync(ready.credentials, "utf8")).toMatch(
      /^\[default\]\naws_access_key_id = AKIA[0-9A-F]{16}\naws_secret_access_key = \S+\n$/,
    );
    expect(readFileSync(ready.principals, "utf8")).toContain("arn:aws:iam::444455556666:user/caladrius-administrator");
    const answer = request(ready.url, { method: "POST", ca: readFileSync(ready.ca), agent: false }).end("{}");
    const [response] = (await once(answer, "response")) as [{ statusCode: number; resume(): void }];
    response.resume();
    expect(response.statusCode).toBe(400); // unsigned
    child.kill("SIGINT");
    expect(await ended).toEqual([EXIT.ok, null]);
  });

  it("refuses wrong options, and roots that are none", async () => {
    const at = join(folder, "no.pem");
    writeFileSync(at, "no certificate");
    expect(await call("kms", "up", "--account", "1", "--data", folder)).toMatchObject({ code: EXIT.usage });
    expect(await call("kms", "up", "--region", "Frankfurt", "--data", folder, "--port", "0")).toMatchObject({ code: EXIT.usage });
    const wrong = await call("kms", "up", "--root", at, "--data", folder);
    expect(wrong.code).not.toBe(EXIT.ok);
    expect(wrong.stderr).toContain("no.pem");
  });
});
