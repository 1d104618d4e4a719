import { chmodSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Credentials } from "@caladrius/wire";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { startHarness, until, type Harness } from "../test-support/harness.ts";
import { credentialChain } from "./chain.ts";
import { credentialFile } from "./file.ts";
import type { CredentialSource } from "./source.ts";

const SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
const TOKEN = "FwoGZXIvYXdzEXAMPLETOKEN";
const inMinutes = (minutes: number): string => new Date(Date.now() + minutes * 60_000).toISOString();
const content = (change: Record<string, unknown> = {}): string =>
  JSON.stringify({
    Version: 1,
    AccessKeyId: "ASIAIOSFODNN7EXAMPLE",
    SecretAccessKey: SECRET,
    SessionToken: TOKEN,
    Expiration: inMinutes(60),
    ...change,
  });

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "caladrius-credentials-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));
const path = (): string => join(dir, "kms.json");
const put = (text: string, mode = 0o600): void => {
  writeFileSync(`${path()}.new`, text, { mode });
  chmodSync(`${path()}.new`, mode);
  renameSync(`${path()}.new`, path());
};

describe("a file of credentials", () => {
  it("is read as credential_process prints it, with and without an end", async () => {
    put(content({ Expiration: "2026-11-21T10:00:00Z" }));
    expect(await credentialFile(path()).read(false)).toEqual({
      accessKeyId: "ASIAIOSFODNN7EXAMPLE",
      secretAccessKey: SECRET,
      sessionToken: TOKEN,
      expiresMs: Date.UTC(2026, 10, 21, 10),
    });
    put(content({ Expiration: undefined, SessionToken: undefined }));
    expect(await credentialFile(path()).read(false)).toMatchObject({ sessionToken: "", expiresMs: Number.MAX_SAFE_INTEGER });
    put(content({ Expiration: "2026-11-21T10:00:00+00:00" })); // as the AWS CLI's export-credentials writes it
    expect((await credentialFile(path()).read(false)).expiresMs).toBe(Date.UTC(2026, 10, 21, 10));
  });

  it.each<[string, () => void]>([
    ["is missing", () => {}],
    ["others may read", () => put(content(), 0o640)],
    ["is no JSON", () => put(`${content().slice(0, -1)},`)],
    ["is another JSON", () => put('"text"')],
    ["is empty", () => put("")],
    ["is of another version", () => put(content({ Version: 2 }))],
    ["has no secret", () => put(content({ SecretAccessKey: undefined }))],
    ["has a number as secret", () => put(content({ SecretAccessKey: 7 }))],
    ["has an end that is no time", () => put(content({ Expiration: "tomorrow" }))],
    ["has an end without an offset", () => put(content({ Expiration: "2026-11-21T10:00:00" }))],
    ["has a token longer than an enclave takes", () => put(content({ SessionToken: "x".repeat(9000) }))],
    ["is too large", () => put(content({ More: "x".repeat(70_000) }))],
  ])("that %s is refused in a sentence that says who acts and holds no secret", async (_, arrange) => {
    arrange();
    const problem = await credentialFile(path())
      .read(false)
      .catch((error: unknown) => error);
    expect(problem).toMatchObject({ name: "CredentialProblem", message: expect.stringMatching(/operator|whoever writes it/) as string });
    for (const secret of [SECRET, TOKEN, "xxxx"]) expect(String(problem)).not.toContain(secret);
  });
});

describe("the default chain", () => {
  afterEach(() => vi.unstubAllEnvs());

  it("takes what the host's environment has, and a program's credentials with their end", async () => {
    vi.stubEnv("AWS_EC2_METADATA_DISABLED", "true");
    vi.stubEnv("AWS_CONFIG_FILE", join(dir, "config"));
    vi.stubEnv("AWS_SHARED_CREDENTIALS_FILE", join(dir, "credentials"));
    for (const name of ["AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"]) vi.stubEnv(name, undefined);
    put(content());
    writeFileSync(join(dir, "config"), `[default]\ncredential_process = cat ${path()}\n`);
    vi.stubEnv("AWS_PROFILE", "missing");
    const problem: unknown = await credentialChain()
      .read(false)
      .catch((error: unknown) => error);
    expect(problem).toMatchObject({ name: "CredentialProblem", message: expect.stringContaining("CredentialsProviderError") as string });
    vi.stubEnv("AWS_PROFILE", undefined);
    const chain = credentialChain();
    expect(await chain.read(false)).toMatchObject({ secretAccessKey: SECRET, sessionToken: TOKEN });
    const expiration = inMinutes(90);
    put(content({ Expiration: expiration }));
    expect((await chain.read(true)).expiresMs).toBe(Date.parse(expiration));

    vi.stubEnv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE");
    vi.stubEnv("AWS_SECRET_ACCESS_KEY", "of the environment");
    expect(await credentialChain().read(false)).toMatchObject({
      secretAccessKey: "of the environment",
      expiresMs: Number.MAX_SAFE_INTEGER,
    });
  });
});

describe("a host with credentials", () => {
  let harness: Harness;
  let asked: boolean[];
  afterEach(() => harness.close());

  /** The file, looked at so often that a test need not wait. */
  const source = (): CredentialSource => {
    const file = credentialFile(path());
    asked = [];
    return {
      ...file,
      everyMs: 20,
      read: (renew) => {
        asked.push(renew);
        return file.read(renew);
      },
    };
  };
  const start = async (): Promise<void> => {
    harness = await startHarness({ more: () => ({ kmsCredentials: source() }) });
  };
  const handed = (): Credentials[] => harness.enclave.credentials;
  const readyz = async (): Promise<unknown> => (await fetch(`${harness.host.url}/readyz`)).json();

  it("hands them over after boot, when they change, and after each reconnection; and never logs them", async () => {
    put(content());
    await start();
    await until(() => handed().length >= 1);
    put(content({ AccessKeyId: "ASIAIOSFODNN7CHANGED" }));
    await until(() => handed().at(-1)?.accessKeyId === "ASIAIOSFODNN7CHANGED");
    const before = handed().length;
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(handed()).toHaveLength(before); // the same again is not handed over
    harness.enclave.hangUp();
    await until(() => handed().length === before + 1);
    await harness.enclave.kill();
    await harness.enclave.listen();
    await until(() => handed().length === before + 2);
    await until(async () => (await fetch(`${harness.host.url}/readyz`)).ok);
    expect(await readyz()).toMatchObject({ status: "ready", kms: { credentials: "fresh" } });
    for (const secret of [SECRET, TOKEN, "ASIAIOSFODNN7"]) expect(harness.log.join()).not.toContain(secret);
    expect(asked).not.toContain(true);
  });

  it("says that they end, keeps the old ones while a file is broken, and takes the new ones", async () => {
    put(content({ Expiration: inMinutes(4) }));
    await start();
    await until(() => harness.log.some((line) => line.includes("has no newer ones yet")));
    await until(() => asked.includes(true)); // the issuer is asked, not a cache
    expect(await readyz()).toMatchObject({ status: "ready", kms: { credentials: "ending" } });
    await until(() => handed().length === 1);
    put("half written");
    await until(() => harness.log.some((line) => line.includes("is not what credential_process prints")));
    expect(handed()).toHaveLength(1);
    harness.clock.aheadMs = 5 * 60_000;
    put(content({ Expiration: inMinutes(4) }));
    await until(() => harness.log.some((line) => line.includes("jobs that need KMS wait")));
    expect(await readyz()).toMatchObject({ status: "degraded", kms: { credentials: "expired" } });
    expect(harness.log.filter((line) => line.includes("jobs that need KMS wait"))).toHaveLength(1);
    put(content({ Expiration: inMinutes(60) }));
    await until(() => handed().length === 2);
    await until(() => harness.log.some((line) => line.includes("good again")));
    expect(await readyz()).toMatchObject({ status: "ready", kms: { credentials: "fresh" } });
  });

  it("runs without them, and says so", async () => {
    await start();
    await until(() => harness.log.some((line) => line.includes("cannot be opened (ENOENT)")));
    expect(await readyz()).toMatchObject({ status: "degraded", kms: { credentials: "missing", expiresAt: null } });
    put(content());
    await until(() => handed().length === 1);
  });

  it("says when the enclave has no use for them", async () => {
    put(content());
    await start();
    harness.enclave.record = "no-kms";
    harness.enclave.hangUp();
    await until(() => harness.log.some((line) => line.includes("did not take the KMS credentials: the constitution names no KMS")));
  });
});
