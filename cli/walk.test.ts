import { spawn, type ChildProcess } from "node:child_process";
import { createPublicKey, generateKeyPairSync } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AuthorizationServer } from "@caladrius/host/test-support/authorization-server.ts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EXIT } from "./exit.ts";
import { call } from "./test-support/call.ts";

// A deployment of its own, a host that wants sign-in, and those who use it: enclave, host and what succeeds are processes, as users call them.

const root = join(import.meta.dirname, "..");
const running = new Set<ChildProcess>();
let folder = "";
let server: AuthorizationServer;
let url = "";
let trust = "";
const at = (name: string): string => join(folder, name);

interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

function start(...words: string[]): { ended: Promise<Ended>; firstLine: Promise<string> } {
  const child = spawn(process.execPath, [join(root, "cli/caladrius.mjs"), ...words], { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  running.add(child);
  const written = { stdout: "", stderr: "" };
  child.stderr.setEncoding("utf8").on("data", (text: string) => (written.stderr += text));
  const firstLine = new Promise<string>((resolve, reject) => {
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      written.stdout += text;
      if (written.stdout.includes("\n")) resolve(written.stdout.split("\n")[0] ?? "");
    });
    child.once("close", () => reject(new Error(`ended without a line: ${written.stderr}`)));
  });
  firstLine.catch(() => undefined);
  const ended = new Promise<Ended>((resolve) =>
    child.once("close", (code) => {
      running.delete(child);
      resolve({ code, ...written });
    }),
  );
  return { ended, firstLine };
}

const run = (...words: string[]): Promise<Ended> => start(...words).ended;
/** The same command in this process: for what prepares, and for refusals, as a process of its own takes seconds. */
async function prepare(...words: string[]): Promise<string> {
  const found = await call(...words);
  expect(found, `${words.join(" ")}\n${found.stdout}${found.stderr}`).toMatchObject({ code: EXIT.ok });
  return found.stdout;
}
const asked = (...words: string[]): string[] =>
  ["submit", at("night.csv"), "--host", url, "--token", at("token"), "--json"].concat(
    words,
    words.includes("--trust") ? [] : ["--trust", trust],
  );
const submit = (...words: string[]): Promise<Ended> => run(...asked(...words));
const attempt = (...words: string[]): Promise<Ended> => call(...asked(...words));
const object = ({ stdout }: Ended): Record<string, unknown> => JSON.parse(stdout.split("\n")[0] ?? "") as Record<string, unknown>;
/** What the enclave said of a verified result: its denial, or null. */
function denial(ended: Ended): unknown {
  expect(ended, ended.stderr).toMatchObject({ code: EXIT.ok });
  const { claims } = object(ended) as { claims: { disclosed: { denial: unknown } } };
  return claims.disclosed.denial;
}

function makeKey(name: string): void {
  const { privateKey } = generateKeyPairSync("ed25519");
  writeFileSync(at(`${name}.pem`), privateKey.export({ format: "pem", type: "pkcs8" }), { mode: 0o600 });
  writeFileSync(at(`${name}.pub.pem`), createPublicKey(privateKey).export({ format: "pem", type: "spki" }));
}

/** Constitution, bundle with a consent office, status list: all from the printed examples. */
async function found(): Promise<string[]> {
  for (const name of ["ada", "ben", "cyn", "dan", "eve", "status", "consent"]) makeKey(name);
  const day = (days: number): string => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
  const example = async (...words: string[]): Promise<string> =>
    (await prepare(...words)).replaceAll("2026-11-21", day(-1)).replaceAll("2027-11-21", day(300)).replaceAll("2031-11-21", day(1500));
  await prepare("key", "show", "--key", at("auditor.key"), "--out", at("auditor.pub"));
  const { suite, sealing: publicKey } = JSON.parse(readFileSync(at("auditor.pub"), "utf8")) as { suite: string; sealing: string };
  const constitution = await example("constitution", "new", "--example");
  expect(constitution).toContain('"auditorKeys": []');
  writeFileSync(
    at("constitution.json"),
    constitution.replace('"auditorKeys": []', `"auditorKeys": ${JSON.stringify([{ suite, publicKey }])}`),
  );
  writeFileSync(at("policies.cedar"), await example("policy", "new", "--example-policies"));
  const bundle = await example("policy", "new", "--example");
  expect(bundle).toContain('"grantIssuers": []');
  expect(bundle).toContain('"breakGlass": null');
  const issuers = '"grantIssuers": [{ "name": "consent office", "key": "consent.pub.pem" }]';
  const breakGlass = { first: { hospital: 1 }, second: {}, escalateSeconds: 30, validSeconds: 3600, purposes: ["ETREAT"], level: "full" };
  writeFileSync(
    at("bundle.json"),
    bundle.replace('"grantIssuers": []', issuers).replace('"breakGlass": null', `"breakGlass": ${JSON.stringify(breakGlass)}`),
  );
  await prepare("constitution", "new", at("constitution.json"), "--key", at("ada.pem"), "--out", at("constitution.cose"));
  const under = ["--constitution", at("constitution.cose")];
  await prepare("policy", "new", at("bundle.json"), ...under, "--out", at("bundle.draft"));
  await prepare("policy", "sign", at("bundle.draft"), ...under, "--key", at("ada.pem"), "--out", at("bundle.cbor"));
  for (const who of ["ada", "ben"]) await prepare("policy", "approve", at("bundle.cbor"), ...under, "--key", at(`${who}.pem`));
  await prepare("status", "new", ...under, "--key", at("status.pem"), "--out", at("status.cbor"));
  return [...under, "--bundle", at("bundle.cbor"), "--status-list", at("status.cbor")];
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "caladrius-walk-"));
  server = await new AuthorizationServer().start();
  const deployment = await found();
  const rows = Array.from({ length: 120 }, (_, i) => `${new Date(Date.UTC(2026, 0, 1) + i * 1000).toISOString()},p-7,${70 + (i % 3)}`);
  writeFileSync(at("night.csv"), `# device: monitor-1\ntime,subject,8867-4 [/min]\n${rows.join("\n")}\n`);
  for (const name of ["me", "ward", "thief"]) await prepare("key", "show", "--key", at(`${name}.key`), "--out", at(`${name}.pub`));
  writeFileSync(at("token"), await server.token());
  const signIn = { issuer: server.url, audience: "https://host.example", jwks: `${server.url}/jwks.json` };
  writeFileSync(at("sign-in.json"), JSON.stringify(signIn));
  const simulate = start("simulate", ...deployment, "--data", at("data"), "--json");
  const simulated = JSON.parse(await simulate.firstLine) as Record<string, string>;
  trust = simulated["trust"] ?? "";
  const host = start(
    "host",
    "--enclave",
    simulated["enclave"] ?? "",
    ...deployment,
    "--sign-in",
    at("sign-in.json"),
    "--data",
    at("data"),
    "--port",
    "0",
    "--json",
  );
  ({ url } = JSON.parse(await host.firstLine) as { url: string });
}, 60_000);
afterAll(async () => {
  const ended = [...running].map((child) => new Promise((resolve) => child.once("close", resolve)));
  for (const child of running) child.kill("SIGTERM");
  await Promise.all(ended);
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

describe("a host that wants sign-in", () => {
  it("answers 401 without a token", async () => {
    const without = await run("submit", "night.csv", "--host", url, "--trust", trust);
    expect(without.code).not.toBe(EXIT.ok);
    expect(without.stderr).toContain("401 sign-in-missing");
  });

  it("shows its evidence to whoever has a token", async () => {
    const get = (...words: string[]): Promise<Ended> => call("attestation", "get", "--host", url, "--out", at("evidence.bin"), ...words);
    expect(await get()).toMatchObject({ code: EXIT.unreachable, stderr: expect.stringContaining("401 sign-in-missing") as string });
    expect((await get("--token", at("token"))).code).toBe(EXIT.ok);
    expect((await call("attestation", "verify", at("evidence.bin"), "--trust", trust)).code).toBe(EXIT.ok);
  });
});

describe("a grant", () => {
  it("opens the purpose that needs one, to its holder alone and as often as it says", async () => {
    const grant = ["--issuer-key", "consent.pem", "--holder", "me.pub", "--subject", "p-7", "--purpose", "HRESCH"];
    const made = await run("grant", "new", ...grant, "--until", "2036-01-01", "--out", "p-7.grant");
    expect(made, made.stderr).toMatchObject({ code: EXIT.ok });
    const research = (key: string, ...words: string[]): string[] => ["--key", at(key), "--purpose", "HRESCH", ...words];
    const carried = ["--grant", at("p-7.grant")];
    expect(denial(await submit(...research("me.key")))).toBe("denied-grant-missing");
    expect(denial(await submit(...research("me.key", ...carried)))).toBeNull();
    const stolen = await attempt(...research("thief.key", ...carried));
    expect(stolen.stderr).toContain("grant-holder");
    const spent = await attempt(...research("me.key", ...carried));
    expect(object(spent)).toMatchObject({ code: "grant-used-up" });
    expect(denial(await attempt(...research("me.key", "--grant", `${at("p-7.grant")}:1`)))).toMatch(/^denied-/);
  });
});

describe("a further recipient", () => {
  it("opens with the key that was named, and no other, what is for them", async () => {
    expect(denial(await submit("--recipient", `${at("ward.pub")}:alarm`, "--out", at("shared")))).toBeNull();
    const receipt = ["open", at("shared/night.recipient-1.json"), "--host", url, "--token", at("token"), "--trust", trust];
    const open = (key: string): string[] => receipt.concat("--key", at(key), "--out", at("ward.attested"), "--json");
    const stolen = await call(...open("thief.key"));
    expect(object(stolen)).toMatchObject({ code: "reply-open" });
    const opened = await run(...open("ward.key"));
    expect(denial(opened)).toBeNull();
    expect(object(opened)).toMatchObject({ claims: { disclosed: { level: "alarm", finding: [] } } });
  });
});

describe("break-glass", () => {
  it("asks, decides and reads with a token, and needs none for an auditor's notices", async () => {
    const by = (key: string, ...words: string[]): string[] => ["--host", url, "--trust", trust, "--key", at(key), "--json", ...words];
    const signedIn = (key: string, ...words: string[]): string[] => by(key, "--token", at("token"), ...words);
    await prepare("key", "show", "--key", at("nurse.key"));
    const locked = await call("break-glass", "show", ...by("nurse.key"));
    expect([locked.code, locked.stderr]).toEqual([EXIT.unreachable, expect.stringContaining("401 sign-in-missing")]);
    const asked = call(
      "break-glass",
      "request",
      at("night.csv"),
      ...signedIn("nurse.key", "--reason", "unconscious", "--out", at("glass")),
    );
    const waiting = async (): Promise<string> => {
      for (;;) {
        const { stdout } = await call("break-glass", "show", ...signedIn("nurse.key"));
        if (stdout !== "") return (JSON.parse(stdout) as { id: string }).id;
      }
    };
    const answer = ["--constitution", at("constitution.cose"), "--id", await waiting(), "--answer", "grant"];
    expect(await call("break-glass", "watch", ...signedIn("ben.pem", ...answer))).toMatchObject({ code: EXIT.ok, stderr: "" });
    expect(await asked).toMatchObject({ code: EXIT.ok, stderr: "" });
    const audited = await call("break-glass", "notices", at("glass/night.attested"), ...by("auditor.key"));
    expect([audited.code, audited.stderr]).toEqual([EXIT.ok, ""]);
    expect(audited.stdout).toMatch(/"what":"used".*"countedUses":1,"withheld":false/);
  });
});

describe("submit and open --release", () => {
  it("take code that the quorum approved and none else, and send the approvals along", async () => {
    const under = ["--constitution", at("constitution.cose")];
    const { pcrs: [set = {}] = [], ...plain } = JSON.parse(readFileSync(trust, "utf8")) as { pcrs?: Record<string, string>[] };
    const approved = { ...plain, constitution: readFileSync(at("constitution.cose")).toString("base64"), releases: "approved" };
    writeFileSync(at("approved.json"), JSON.stringify(approved));
    const release = async (name: string, pcr0: string): Promise<(who: string) => Promise<string>> => {
      writeFileSync(at("pcrs.json"), JSON.stringify({ Measurements: { PCR0: pcr0, PCR1: set["1"], PCR2: set["2"] } }));
      const measured = ["--pcrs", at("pcrs.json"), "--image-digest", "1e".repeat(48), "--commit", "0123abc"];
      await prepare("release", "new", ...under, "--key", at("dan.pem"), "--version", "1.0.0", ...measured, "--out", at(name));
      return (who) => prepare("release", "approve", at(name), ...under, "--key", at(`${who}.pem`));
    };
    const governed = (...words: string[]): Promise<Ended> => attempt("--trust", at("approved.json"), ...words);

    const approve = await release("good.release", set["0"] ?? "");
    await approve("dan");
    expect((await governed()).code).toBe(EXIT.usage); // nothing says which release
    const lacking = await governed("--release", at("good.release"));
    expect([lacking.code, object(lacking)["code"]]).toEqual([EXIT.contraindicated, "release-quorum"]);
    await approve("ben");

    const other = await release("other.release", "77".repeat(48));
    for (const who of ["dan", "ben"]) await other(who);
    const elsewhere = await governed("--release", at("other.release"), "--out", at("never"));
    expect([elsewhere.code, object(elsewhere)["code"]]).toEqual([EXIT.contraindicated, "measurement-mismatch"]);

    const shared = ["--recipient", `${at("ward.pub")}:findings`, "--out", at("governed")];
    expect(denial(await submit("--trust", at("approved.json"), "--release", at("good.release"), ...shared))).toBeNull();
    const approvedBy = [
      { person: "ben", role: "hospital" },
      { person: "dan", role: "vendor" },
    ];
    const carried = { claims: { release: { from: "result file", approvedBy } } };
    const verified = async (file: string): Promise<unknown> =>
      JSON.parse(await prepare("verify", at(file), "--trust", at("approved.json"), "--json"));
    expect(await verified("governed/night.attested")).toMatchObject(carried);

    const reply = [at("governed/night.recipient-1.json"), "--host", url, "--token", at("token"), "--key", at("ward.key")];
    const open = (...words: string[]): Promise<Ended> =>
      call("open", ...reply, "--trust", at("approved.json"), "--out", at("theirs.attested"), "--json", ...words);
    expect(await open()).toMatchObject({ code: EXIT.usage, stderr: expect.stringContaining("--release is missing") as string });
    const wrong = await open("--release", at("other.release"));
    expect([wrong.code, object(wrong)["code"], existsSync(at("theirs.attested"))]).toEqual([
      EXIT.contraindicated,
      "measurement-mismatch",
      false,
    ]);
    expect(denial(await open("--release", at("good.release")))).toBeNull();
    expect(await verified("theirs.attested")).toMatchObject(carried);
    expect((await attempt("--release", at("good.release"))).code).toBe(EXIT.usage); // that trust file names its measurements
  });
});
