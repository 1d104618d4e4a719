import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
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
    expect(wrong.code).toBe(EXIT.usage);
    expect(wrong.stderr).toContain("no.pem: expected one certificate in PEM");
  });

  it("names the file that is wrong, and ends where no folder can be", async () => {
    const data = join(folder, "wrong");
    mkdirSync(join(data, "kms"), { recursive: true });
    const principals = join(data, "kms", "principals.json");
    writeFileSync(principals, "{}", { mode: 0o600 });
    const unread = await call("kms", "up", "--data", data, "--port", "0");
    expect(unread).toMatchObject({ code: EXIT.usage, stderr: expect.stringContaining(`${principals}: expected`) as string });
    chmodSync(principals, 0o644);
    const open = await call("kms", "up", "--data", data, "--port", "0");
    expect(open).toMatchObject({ code: EXIT.usage, stderr: expect.stringContaining("chmod 600") as string });
    const file = await call("kms", "up", "--data", principals, "--port", "0");
    expect(file).toMatchObject({ code: EXIT.unreachable, stderr: expect.stringContaining("not a folder") as string });
    const nowhere = await call("kms", "up", "--data", "/proc/1/caladrius", "--port", "0");
    expect(nowhere).toMatchObject({ code: EXIT.unreachable, stderr: expect.stringContaining("/proc/1/caladrius") as string });
  });
});
