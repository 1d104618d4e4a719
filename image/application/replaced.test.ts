import { execFile, spawn, type ChildProcess } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { bundleProgram, type Bundle } from "./bundle.ts";
import { COMMAND } from "./command.ts";
import { findNode } from "./node.ts";
import { REPLACEMENT } from "./replaced.ts";

const ROOT = path.join(import.meta.dirname, "../..");
const SUPPORT = path.join(ROOT, "enclave/kms/test-support");
const NOW_MS = Date.now();

/** Nothing but the enclave's client of KMS, bundled and started as the image's program is. */
let folder: string;
let bundle: Bundle;
let text: string;
let node: string;
beforeAll(async () => {
  bundle = await bundleProgram(ROOT, path.join(SUPPORT, "program.ts"));
  text = Buffer.from(bundle.code).toString("utf8");
  node = (await findNode(ROOT)).file;
  folder = await mkdtemp(path.join(tmpdir(), "replaced-"));
  await writeFile(path.join(folder, "enclave.mjs"), bundle.code);
  return () => rm(folder, { recursive: true });
});

describe("the bundle with the AWS SDK in it", () => {
  it("holds the SDK, and none of what would let others decide", () => {
    const packages = new Set(bundle.inputs.map(({ path: input }) => /^node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(input)?.[1]));
    expect([...packages].filter((name) => name !== undefined).toSorted()).toEqual([
      "@aws-sdk/client-kms",
      "@aws-sdk/core",
      "@smithy/core",
      "@smithy/node-http-handler",
      "@smithy/signature-v4",
      "@smithy/types",
      "node-forge",
    ]);
    const inputs = bundle.inputs.map(({ path: input }) => input);
    expect(inputs).toContain(REPLACEMENT);
    const others =
      /shared-ini-file-loader|node-config-provider|InstanceMetadata|credential-provider|util-user-agent-node\/default|invoke-store/;
    expect(inputs.filter((input) => others.test(input))).toEqual([]);
  });

  it("imports of Node what the program names, and nothing that opens files, starts processes or looks around", () => {
    const specifiers = text.matchAll(/\b(?:from|import|require)\s*\(?\s*"((?:node:)?[a-z][a-z_/0-9]*)"/g);
    const imported = new Set([...specifiers].map((match) => match[1] ?? ""));
    expect([...imported].toSorted()).toEqual(["node:crypto", "node:https", "node:net", "node:stream", "node:tls", "node:util"]);
  });

  it("reads no environment in any spelling, and makes no code from text", () => {
    expect(
      text.match(/\bprocess\s*(?:\?\.)?\s*(?:\.\s*env\b|\[)|\{[^{}]*\benv\b[^{}]*\}\s*=\s*process\b|\bnew Function\b|\beval\(/g),
    ).toBeNull();
    expect(text).toContain("const NO_ENVIRONMENT = Object.freeze({});");
  });
});

const running: ChildProcess[] = [];
afterEach(async () => {
  for (const child of running.splice(0)) {
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.stdin?.end();
    await ended;
  }
});

interface Server {
  socketPath: string;
  root: string;
  dataKeyDigest: string;
  /** headers of each request */
  asked: Record<string, string>[];
}

async function serve(...options: string[]): Promise<Server> {
  const child = spawn(node, [path.join(SUPPORT, "serve.ts"), String(NOW_MS), ...options], { stdio: ["pipe", "pipe", "inherit"] });
  running.push(child);
  const lines = createInterface(child.stdout);
  const server = await new Promise<Omit<Server, "asked">>((resolve) => {
    lines.once("line", (line) => resolve(JSON.parse(line) as Omit<Server, "asked">));
  });
  const asked: Record<string, string>[] = [];
  lines.on("line", (line) => asked.push(JSON.parse(line) as Record<string, string>));
  return { ...server, asked };
}

/** Under the measured flags; only the folder that may be read is another. */
async function run(server: Server, root: string, env: Readonly<Record<string, string>>): Promise<{ stdout: string; stderr: string }> {
  const flags = COMMAND.slice(1, COMMAND.indexOf("/app/enclave.mjs")).map((flag) => flag.replace("/app/", `${folder}/`));
  expect(flags).toEqual(expect.arrayContaining(["--permission", "--frozen-intrinsics", "--disallow-code-generation-from-strings"]));
  const program = [path.join(folder, "enclave.mjs"), server.socketPath, root, String(NOW_MS)];
  return promisify(execFile)(node, [...flags, ...program], { env, timeout: 30_000 });
}

/** What a launcher that is wrong, or wicked, may put around the program. */
async function hostileEnvironment(attackersRoot: string): Promise<Record<string, string>> {
  const pem = path.join(folder, "attacker.pem");
  await writeFile(pem, new X509Certificate(Buffer.from(attackersRoot, "hex")).toString());
  const config = path.join(folder, "config");
  await writeFile(
    config,
    "[default]\nregion = us-east-1\nendpoint_url = https://127.0.0.1:1\nuse_fips_endpoint = true\ncredential_process = /bin/false\n",
  );
  return {
    HOME: folder,
    AWS_ACCESS_KEY_ID: "AKIAATTACKERATTACKER",
    AWS_SECRET_ACCESS_KEY: "attacker",
    AWS_SESSION_TOKEN: "attacker",
    AWS_PROFILE: "default",
    AWS_CONFIG_FILE: config,
    AWS_SHARED_CREDENTIALS_FILE: config,
    AWS_SDK_LOAD_CONFIG: "1",
    AWS_REGION: "us-east-1",
    AWS_DEFAULT_REGION: "us-east-1",
    AWS_ENDPOINT_URL: "https://127.0.0.1:1",
    AWS_ENDPOINT_URL_KMS: "https://127.0.0.1:1",
    AWS_USE_FIPS_ENDPOINT: "true",
    AWS_USE_DUALSTACK_ENDPOINT: "true",
    AWS_CA_BUNDLE: pem,
    AWS_MAX_ATTEMPTS: "100",
    AWS_RETRY_MODE: "adaptive",
    AWS_DEFAULTS_MODE: "auto",
    AWS_SDK_UA_APP_ID: "attacker",
    AWS_EXECUTION_ENV: "attacker",
    AWS_LAMBDA_FUNCTION_NAME: "attacker",
    _X_AMZN_TRACE_ID: "attacker",
    AWS_AUTH_SCHEME_PREFERENCE: "sigv4a,noAuth",
    AWS_DISABLE_CLOCK_SKEW_CORRECTION: "false",
    AWS_ENABLE_DEFAULT_SOCKET_TIMEOUT_2026: "true",
    NODE_EXTRA_CA_CERTS: pem,
    SSL_CERT_FILE: pem,
    SSL_CERT_DIR: folder,
    NODE_TLS_REJECT_UNAUTHORIZED: "0",
    NODE_OPTIONS: `--use-openssl-ca --tls-min-v1.0 --tls-cipher-list=DEFAULT@SECLEVEL=0 --tls-keylog=${path.join(folder, "keylog")}`,
    NODE_USE_ENV_PROXY: "1",
    HTTPS_PROXY: "http://127.0.0.1:1",
    HTTP_PROXY: "http://127.0.0.1:1",
    SSLKEYLOGFILE: path.join(folder, "keylog"),
  };
}

describe("the bundled program, under the measured flags", () => {
  it("opens a data key", async () => {
    const server = await serve();
    expect(await run(server, server.root, {})).toEqual({ stdout: `opened ${server.dataKeyDigest}\n`, stderr: "" });
  });

  it("does the same in a hostile environment, to the byte of what it sends", async () => {
    const [server, attacker] = [await serve(), await serve()];
    await run(server, server.root, {});
    const { stdout } = await run(server, server.root, await hostileEnvironment(attacker.root));
    expect(stdout).toBe(`opened ${server.dataKeyDigest}\n`);
    const [calm, hostile] = server.asked.map(withoutChance);
    expect(hostile).toEqual(calm);
    expect(JSON.stringify(hostile)).not.toMatch(/attacker|us-east-1|fips|dualstack/i);
    await expect(readFile(path.join(folder, "keylog"))).rejects.toMatchObject({ code: "ENOENT" });
  });

  it("asks no server whose authority stands in the environment alone", async () => {
    const [server, attacker] = [await serve(), await serve()];
    expect((await run(attacker, server.root, await hostileEnvironment(attacker.root))).stdout).toBe("kms-unreachable\n");
    expect(attacker.asked).toEqual([]);
  });

  it("speaks no TLS that the environment would allow", async () => {
    const old = await serve("old");
    expect((await run(old, old.root, await hostileEnvironment(old.root))).stdout).toBe("kms-unreachable\n");
    expect(old.asked).toEqual([]);
  });
});

/** Times, keys and random numbers differ; the credentials' scope and the names of what is signed do not. */
function withoutChance(headers: Record<string, string>): Record<string, string> {
  const { authorization = "", ...rest } = headers;
  for (const name of ["x-amz-date", "x-amz-content-sha256", "amz-sdk-invocation-id"]) rest[name] = typeof rest[name];
  return { ...rest, authorization: authorization.replace(/Signature=.*/, "") };
}
