import { createHash, sign } from "node:crypto";
import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { verifyRelease } from "@caladrius/attestation-verifier/governance";
import {
  ADA,
  approvalOf,
  approverOf,
  BEN,
  CYN,
  foundConstitution,
  ORIGIN,
  publicKeyOf,
  RP_ID,
  signByPasskey,
  signStatement,
  testConstitution,
  testRelease,
} from "@caladrius/attestation-verifier/generate/test-approvals.ts";
import { signatures } from "@caladrius/attestation-verifier/signatures";
import { openSubmitterKey } from "@caladrius/client";
import { extendZero } from "@caladrius/image";
import { openSimulatedPki } from "@caladrius/nitro-sim";
import { CANDIDATE_PCR, simulateCandidate } from "@caladrius/nitro-sim/test-support/candidate.ts";
import { makeDevelopmentBundle } from "@caladrius/policies/development";
import { firstStatusList } from "@caladrius/policies/status";
import { iso } from "@caladrius/policies/words";
import {
  decodeApproved,
  decodeFleetEpoch,
  decodeFleetRecord,
  decodeStatement,
  encodeApproved,
  encodeStatusList,
  fromHex,
  toHex,
  type Approver,
  type StatusList,
} from "@caladrius/wire";
import axe from "axe-core";
import { chromium, type Browser, type BrowserContext, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { connectSigner, startNight, untilDecided } from "../support/index.ts";

// The real commands, the real page, a real browser; only the authenticator is Chromium's virtual one (WebAuthn over CDP).

const CHROMIUM = "/usr/bin/chromium";
const PROGRAM = fileURLToPath(new URL("../../cli/caladrius.mjs", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "caladrius-approve-"));
const at = (name: string): string => join(folder, name);
const running = new Set<ChildProcess>();
/** Where the command that served last said that its page is. */
let address = "";
/** Runs the program as a person does. */
function call(...words: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [PROGRAM, ...words], { stdio: ["ignore", "pipe", "pipe"] });
    running.add(child);
    child.once("close", () => running.delete(child));
    const written = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"] as const) child[name].setEncoding("utf8").on("data", (part: string) => (written[name] += part));
    child.stderr.on("data", () => (address = /open (http:\S+)/.exec(written.stderr)?.[1] ?? address));
    child.on("close", (code) => resolve({ code: code ?? -1, ...written }));
  });
}
interface Entry {
  person: string;
  role: string;
  key: { alg: "ESP256"; key: string };
  passkey: NonNullable<Approver["passkey"]>;
}

describe.skipIf(!existsSync(CHROMIUM))("the approval page", () => {
  let browser: Browser;
  let origin: string;
  let port: number;
  const contexts: BrowserContext[] = [];
  beforeAll(async () => {
    port = await freePort();
    origin = `http://localhost:${port}`;
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-gpu"] });
  });
  afterEach(async () => {
    for (const context of contexts.splice(0)) await context.close();
    for (const child of running) child.kill(); // of a test that failed
  });
  afterAll(async () => {
    await browser.close();
    rmSync(folder, { recursive: true, force: true });
  });

  interface Open {
    page: Page;
    misdeeds: string[];
    /** whether the person touches and unlocks the authenticator */
    verified(isVerified: boolean): Promise<void>;
    credentials(): Promise<object[]>;
    give(credential: object): Promise<void>;
    status(): Promise<string>;
  }
  const open = async ({ width = 1100, init = "" }: { width?: number; init?: string } = {}): Promise<Open> => {
    const context = await browser.newContext({ viewport: { width, height: 900 } });
    contexts.push(context);
    const page = await context.newPage();
    page.setDefaultTimeout(20_000);
    const misdeeds: string[] = [];
    page.on("pageerror", (error) => void misdeeds.push(error.message));
    page.on("request", (one) => void (one.url().startsWith(`${origin}/`) || one.url().startsWith("data:") || misdeeds.push(one.url())));
    await page.addInitScript(
      `addEventListener("securitypolicyviolation", (event) => (globalThis.broken ??= []).push(event.violatedDirective));${init}`,
    );
    const session = await context.newCDPSession(page);
    await session.send("WebAuthn.enable");
    const { authenticatorId } = await session.send("WebAuthn.addVirtualAuthenticator", {
      options: {
        protocol: "ctap2",
        transport: "internal",
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: true,
        automaticPresenceSimulation: true,
      },
    });
    await reachable();
    await page.goto(address);
    await page.locator("h1").waitFor(); // the page asks for the question before it shows anything
    return {
      page,
      misdeeds,
      verified: (isUserVerified) => session.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified }).then(() => undefined),
      credentials: async () => (await session.send("WebAuthn.getCredentials", { authenticatorId })).credentials,
      give: (credential) => session.send("WebAuthn.addCredential", { authenticatorId, credential } as never).then(() => undefined),
      status: () => page.getByRole("status").innerText(),
    };
  };
  const reachable = async (): Promise<void> => {
    for (;;) {
      try {
        if ((await send("GET", "question")).status === 200) return;
      } catch {
        // nobody is there yet
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  /** A request as any program that knows the page's address could make it. */
  const send = (
    method: string,
    path: string,
    body: Uint8Array | null = null,
    headers: Record<string, string> = {},
  ): Promise<{ status: number; text: string }> =>
    new Promise((resolve, reject) => {
      const request = httpRequest(
        { host: "127.0.0.1", port, method, path: new URL(path, address).pathname, headers: { host: `localhost:${port}`, ...headers } },
        (response) => {
          let text = "";
          response.setEncoding("utf8");
          response.on("data", (part: string) => (text += part));
          response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
        },
      );
      request.on("error", reject);
      request.end(body ?? undefined);
    });
  const violations = async (page: Page): Promise<string[]> => {
    await page.evaluate(axe.source);
    const found = await page.evaluate<{ violations: { id: string; nodes: { html: string }[] }[] }>(
      "axe.run({ resultTypes: ['violations'] })",
    );
    return found.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
  };
  const settled = async (one: Open): Promise<string> => {
    await one.page.locator("button:not([disabled]), [role=status]:not(:empty)").first().waitFor();
    // asked from outside: the page's policy forbids to evaluate a predicate inside of it again
    await vi.waitFor(async () => expect(await one.status()).not.toMatch(/^$|asked …$/), { timeout: 20_000, interval: 50 });
    return one.status();
  };

  /** Registers a passkey with the real command, and keeps its credential for other pages. */
  const register = async (person: string, role: string): Promise<{ entry: Entry; credential: object }> => {
    const made = call("approver", "new", "--passkey", "--person", person, "--role", role, "--port", String(port), "--json");
    const one = await open();
    await one.page.getByRole("button", { name: "Make the passkey" }).click();
    const { code, stdout } = await made;
    expect(code).toBe(0);
    expect(one.misdeeds).toEqual([]);
    return { entry: JSON.parse(stdout) as Entry, credential: (await one.credentials())[0] ?? {} };
  };
  let made: Awaited<ReturnType<typeof register>> | null = null;
  const registered = async (): ReturnType<typeof register> => (made ??= await register("ben", "hospital"));
  const found = (entry: Entry, change: Partial<NonNullable<Approver["passkey"]>> = {}): ReturnType<typeof foundConstitution> => {
    const passkey = { ...entry.passkey, ...change };
    const ben: Approver = { person: entry.person, role: entry.role, key: { alg: "ESP256", key: fromHex(entry.key.key) }, passkey };
    return foundConstitution(testConstitution({ approvers: [approverOf("ada", "vendor", ADA), ben, approverOf("cyn", "insurer", CYN)] }));
  };
  const setUp = (
    name: string,
    founded: ReturnType<typeof foundConstitution>,
    statement = testRelease(),
  ): { file: string; constitution: string; approve: () => ReturnType<typeof call> } => {
    const file = at(`${name}.release`);
    writeFileSync(file, encodeApproved({ statement, approvals: [] }));
    const constitution = at(`${name}.constitution`);
    writeFileSync(constitution, founded.statement);
    return { file, constitution, approve: () => call("release", "approve", file, "--constitution", constitution, "--passkey", "--json") };
  };

  it("makes a passkey, and a release approved with it counts for everybody", async () => {
    const { entry, credential } = await registered();
    expect(entry).toMatchObject({
      person: "ben",
      role: "hospital",
      key: { alg: "ESP256" },
      passkey: { rpId: "localhost", origins: [origin] },
    });
    const founded = found(entry);
    const { file, approve } = setUp("good", founded, testRelease({ notes: "Second line\nunder the first.\u202e" }));
    const approving = approve();
    const one = await open();
    await one.give(credential);
    const text = await one.page.locator("body").innerText();
    for (const part of [
      "caladrius 0.1.0",
      "ben, hospital",
      "0123456789abcdef0123456789abcdef01234567",
      "10".repeat(48),
      "1e".repeat(48),
      "Second line\nunder the first.",
    ])
      expect(text).toContain(part);
    expect(text).not.toContain("\u202e");
    expect(await violations(one.page)).toEqual([]);
    await one.page.getByRole("button", { name: "Approve with my passkey" }).click();
    const { code, stdout } = await approving;
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      added: 1,
      complete: false,
      approvedBy: [{ person: "ben", role: "hospital", by: "passkey" }],
    });
    expect(await settled(one)).toContain("Approved.");
    expect(one.misdeeds).toEqual([]);
    expect(await one.page.evaluate("globalThis.broken ?? null")).toBeNull();

    // with the vendor's approval beside it, it is a release for the verifier too
    const source = decodeApproved(readFileSync(file));
    writeFileSync(at("ada.pem"), ADA.export({ format: "pem", type: "pkcs8" }), { mode: 0o600 });
    expect((await call("release", "approve", file, "--constitution", at("good.constitution"), "--key", at("ada.pem"))).code).toBe(0);
    const both = decodeApproved(readFileSync(file));
    expect(both.approvals.length).toBe(source.approvals.length + 1);
    expect((await verifyRelease(both, founded, signatures)).approvedBy.map(({ by }) => by)).toEqual(["key", "passkey"]);
    // again: nothing is asked, nothing changes
    expect(JSON.parse((await approve()).stdout)).toMatchObject({ added: 0, complete: true });
  });

  it("fits a telephone, and says what is wrong when the user is not verified", async () => {
    const { entry, credential } = await registered();
    const { approve } = setUp("phone", found(entry));
    const approving = approve();
    const one = await open({ width: 360 });
    await one.give(credential);
    expect(await one.page.evaluate("document.documentElement.scrollWidth <= innerWidth")).toBe(true);
    expect(await violations(one.page)).toEqual([]);
    await one.verified(false);
    await one.page.getByRole("button").click();
    expect(await settled(one)).toContain("Nothing was signed");
    await one.verified(true);
    await one.page.getByRole("button").click();
    expect((await approving).code).toBe(0);
  });

  it("takes no assertion that a page was made to get without verifying the user", async () => {
    const { entry, credential } = await registered();
    const { approve, file } = setUp("touch", found(entry));
    const approving = approve();
    const one = await open({
      init: `const get = navigator.credentials.get.bind(navigator.credentials); navigator.credentials.get = (options) => { options.publicKey.userVerification = globalThis.honest ? "required" : "discouraged"; return get(options); };`,
    });
    await one.give(credential);
    await one.verified(false);
    await one.page.getByRole("button").click();
    expect(await settled(one)).toContain("Not accepted: the user was not verified");
    expect(decodeApproved(readFileSync(file)).approvals).toEqual([]);
    await finish(one, approving);
  });

  it("does not sign for what it does not show: a page made to show or to send something else is refused", async () => {
    const { entry, credential } = await registered();
    const good = testRelease();
    const other = Buffer.from(testRelease({ notes: "harmless" })).toString("base64");
    const { approve, file } = setUp("tampered", found(entry), good);
    const approving = approve();
    // Whoever stands between shows another release: what the passkey signs is computed from that one, and counts for nothing.
    const init = `const ask = fetch; globalThis.fetch = async (path, ...more) => { const answer = await ask(path, ...more); if (path !== "question" || globalThis.honest) return answer; const json = await answer.json(); return Response.json({ ...json, statement: ${JSON.stringify(other)} }); };`;
    const one = await open({ init });
    await one.give(credential);
    expect(await one.page.locator("body").innerText()).toContain("harmless");
    await one.page.getByRole("button").click();
    expect(await settled(one)).toContain("Not accepted: another statement, person or role was approved");
    expect(decodeApproved(readFileSync(file)).approvals).toEqual([]);
    await one.page.context().close();
    contexts.splice(0);
    const honest = await open();
    await honest.give(credential);
    await finish(honest, approving);
  });

  it("takes answers from its own page alone, and no approval that was made elsewhere, before, or by another key", async () => {
    const { entry, credential } = await registered();
    const founded = found(entry);
    const statement = testRelease();
    const { approve } = setUp("replay", founded, statement);
    const earlier = setUp("earlier", founded, testRelease({ notes: "an earlier one" }));
    const before = earlier.approve();
    const first = await open();
    await first.give(credential);
    await finish(first, before);
    const [replayed = new Uint8Array(0)] = decodeApproved(readFileSync(earlier.file)).approvals;

    const approving = approve();
    await reachable();
    const payload = approvalOf("release", founded.constitutionDigest, statement, { person: "ben", role: "hospital" });
    const post = (body: Uint8Array, headers: Record<string, string> = {}): Promise<{ status: number; text: string }> =>
      send("POST", "approval", body, { origin, ...headers });
    expect(await post(replayed)).toEqual({
      status: 422,
      text: "another statement, person or role was approved than this command asked for",
    });
    expect(await post(signByPasskey(payload, BEN, { clientData: { origin } }))).toEqual({
      status: 422,
      text: "the signature does not verify",
    });
    expect(await post(signByPasskey(payload, BEN))).toEqual({ status: 422, text: "the page's origin is not one of the constitution's" });
    expect(await post(signByPasskey(payload, BEN, { clientData: { origin }, rpId: "example.org" }))).toEqual({
      status: 422,
      text: "another relying party id",
    });
    expect((await post(new Uint8Array(3))).text).toMatch(/^no approval by passkey/);
    expect((await post(new Uint8Array(9000))).status).toBe(413);
    expect((await post(replayed, { origin: "http://evil.example" })).status).toBe(403);
    expect((await send("POST", "approval", replayed)).status).toBe(403);
    expect((await send("GET", "", null, { host: "evil.example" })).status).toBe(421);
    expect((await send("GET", "other")).status).toBe(404);
    expect((await send("POST", "passkey", replayed, { origin })).status).toBe(404);
    const { text } = await send("GET", "");
    expect(text).toMatch(
      /content="default-src 'none'; script-src 'sha256-[^']+'; style-src 'sha256-[^']+'; img-src data:; form-action 'none'; base-uri 'none'; require-trusted-types-for 'script'; trusted-types 'none'; connect-src 'self'"/,
    );
    const one = await open();
    await one.give(credential);
    await finish(one, approving);
  });

  it("has nothing to sign with where the passkey is of another relying party, and serves no other origin", async () => {
    const { entry, credential } = await registered();
    const elsewhere = setUp("elsewhere", found(entry, { origins: ["https://approve.example"] }));
    expect(await elsewhere.approve()).toMatchObject({ code: 2, stderr: expect.stringContaining("https://approve.example") as string });
    expect(RP_ID).toBe("localhost");
    const { approve } = setUp("empty", found(entry));
    const approving = approve();
    const one = await open(); // a browser that has no passkey
    await one.page.getByRole("button").click();
    expect(await settled(one)).toContain("Nothing was signed");
    // a second command on the same port says so instead of waiting
    expect(await setUp("second", found(entry)).approve()).toMatchObject({
      code: 3,
      stderr: expect.stringContaining("is in use") as string,
    });
    await one.give(credential);
    await finish(one, approving);
  });

  /** Approves what a command asks on the page, which shows these words and breaks no rule of its own. */
  const approveOnPage = async (
    words: readonly string[],
    shown: readonly string[],
    credential: object,
  ): Promise<Record<string, unknown>> => {
    const approving = call(...words, "--passkey", "--json");
    const one = await open({ width: 360 });
    await one.give(credential);
    const text = await one.page.locator("body").innerText();
    for (const part of shown) expect(text).toContain(part);
    expect(await one.page.evaluate("document.documentElement.scrollWidth <= innerWidth")).toBe(true);
    expect(await violations(one.page)).toEqual([]);
    await one.page.getByRole("button", { name: "Approve with my passkey" }).click();
    const { code, stdout, stderr } = await approving;
    expect([stderr.replace(/^open http.*\n/, ""), code]).toEqual(["", 0]);
    expect(one.misdeeds).toEqual([]);
    expect(await one.page.evaluate("globalThis.broken ?? null")).toBeNull();
    return JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as Record<string, unknown>;
  };
  const BY_BEN = { added: 1, complete: false, approvedBy: [{ person: "ben", role: "hospital", by: "passkey" }] };
  const nowSeconds = Math.floor(Date.now() / 1000);
  const nextWeek = iso(nowSeconds + 7 * 24 * 3600);
  const bundleUnder = (constitutionDigest: Uint8Array): Uint8Array =>
    makeDevelopmentBundle({
      nowSeconds,
      constitutionDigest,
      approver: { publicKey: publicKeyOf(ADA), sign: (bytes) => new Uint8Array(sign(null, bytes, ADA)) },
      policyVersion: 7,
      detectors: ["news2"],
      sha384: (bytes) => new Uint8Array(createHash("sha384").update(bytes).digest()),
    }).statement;

  it("approves a policy bundle, whose rules and Cedar text it shows", async () => {
    const { entry, credential } = await registered();
    const founded = found(entry);
    const { file, constitution } = setUp("bundle", founded, bundleUnder(founded.constitutionDigest));
    const shown = [
      "Approve a policy bundle",
      "Version\n7",
      "TREAT",
      "news2",
      "Who may give grants",
      "Without a device's signature",
      "permit",
    ];
    const said = await approveOnPage(["policy", "approve", file, "--constitution", constitution], shown, credential);
    expect(said).toMatchObject(BY_BEN);
  });

  it("approves a constitution that follows, and says who may do what under it", async () => {
    const { entry, credential } = await registered();
    const founded = found(entry);
    const next = foundConstitution({ ...founded.constitution, name: "the next one", number: 2, predecessor: founded.constitutionDigest });
    const { constitution } = setUp("old", founded);
    writeFileSync(at("next.cose"), next.statement);
    const words = ["constitution", "approve", at("next.cose"), "--predecessor", constitution, "--out", at("next.approvals")];
    const shown = [
      "Approve a constitution",
      "the next one",
      "Number\n2",
      toHex(founded.constitutionDigest),
      "passkey for localhost",
      "cyn",
      "insurer",
    ];
    expect(await approveOnPage(words, shown, credential)).toMatchObject({ ...BY_BEN, added: true });
  });

  it("approves a status list, and says what it takes back", async () => {
    const { entry, credential } = await registered();
    const founded = found(entry);
    const list = (number: number, revocations: StatusList["revocations"]): Uint8Array => {
      const first = firstStatusList(founded.constitutionDigest, nowSeconds);
      return signStatement("status-list", encodeStatusList({ ...first, number, revocations }), ADA);
    };
    const grant = { what: "grant", id: new Uint8Array(16).fill(0xab), since: 1_700_000_000, reason: "withdrawn" } as const;
    const key = { what: "key", id: new Uint8Array(32).fill(0xcd), since: 1_700_000_000, reason: "stolen" } as const;
    writeFileSync(at("last.list"), encodeApproved({ statement: list(1, [grant, key]), approvals: [] }));
    const { file, constitution } = setUp("list", founded, list(2, [key]));
    const words = ["status", "approve", file, "--constitution", constitution, "--last", at("last.list")];
    const shown = [
      "Approve a status list",
      `takes back\ngrant ${"ab".repeat(16)}`,
      `key ${"cd".repeat(32)}`,
      "2023-11-14T22:13:20Z",
      "stolen",
    ];
    const said = await approveOnPage(words, shown, credential);
    expect(said).toMatchObject({ changed: true, complete: false, approvedBy: BY_BEN.approvedBy });
  });

  it("approves the keys of a fleet that somebody's key file stated, and says who could read everything", async () => {
    const { entry, credential } = await registered();
    const { constitution: testing } = found(entry);
    const kmsKeys = [1, 2].map((n) => `arn:aws:kms:eu-central-1:111122223333:key/11111111-2222-3333-4444-55555555555${n}`);
    const founded = foundConstitution({
      ...testing,
      kms: { keys: kmsKeys, endpoint: "https://kms.eu-central-1.amazonaws.com", tlsRoots: [new Uint8Array(10)] },
      quorums: { ...testing.quorums, fleet: testing.quorums.release },
    });
    const { constitution } = setUp("fleet", founded);
    const clock = { nowMs: (): number => Date.now() };
    const pki = await openSimulatedPki(at("pki"), clock);
    const [ones, pcr16] = [toHex(CANDIDATE_PCR), toHex(extendZero(founded.constitutionDigest))];
    const trust = {
      roots: [pki.rootPem],
      pcrs: [{ "0": ones, "1": ones, "2": ones, "16": pcr16 }],
      allowDebug: false,
      allowSimulator: true,
    };
    writeFileSync(at("fleet-trust.json"), JSON.stringify(trust));
    writeFileSync(at("candidate.cbor"), await simulateCandidate({ pki, clock, constitution: founded.statement, kmsKeys }));
    const common = ["--trust", at("fleet-trust.json"), "--constitution", constitution, "--out", at("ward.fleet")];
    const words = ["fleet", "approve", at("candidate.cbor"), ...common];
    expect(await call(...words, "--passkey")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("a passkey states no record") as string,
    });
    expect(existsSync(at("ward.fleet"))).toBe(false);
    writeFileSync(at("ada-fleet.pem"), ADA.export({ format: "pem", type: "pkcs8" }), { mode: 0o600 });
    expect(await call(...words, "--key", at("ada-fleet.pem"), "--not-after", nextWeek)).toMatchObject({ code: 0 });
    const stated = decodeFleetEpoch(readFileSync(at("ward.fleet")));
    const record = decodeFleetRecord(decodeStatement(stated.record, "fleet-record").payload);
    const shown = [
      "Approve a record of fleet keys",
      "Fleet\nward",
      "Epoch\n1",
      `to ${nextWeek}`,
      toHex(record.keySetDigest),
      ...record.wrapped.flatMap(({ keyArn, digest }) => [keyArn, toHex(digest)]),
      "administers the AWS account 111122223333 CAN READ EVERY JOB",
      "1 of role vendor and 1 of role hospital",
    ];
    const said = await approveOnPage([...words, "--person", "ben"], shown, credential);
    expect(said).toMatchObject({ added: true, complete: true, approvedBy: [{ person: "ada", by: "key" }, BY_BEN.approvedBy[0]] });
    expect(decodeFleetEpoch(readFileSync(at("ward.fleet"))).record).toEqual(stated.record);
    expect((await call("fleet", "show", at("ward.fleet"))).stdout).toContain("approved   ben, hospital (not verified)");
    expect((await call("fleet", "show", at("ward.fleet"), "--constitution", constitution)).stdout).toContain("complete");
    // again: nothing is asked, nothing changes
    expect((await call(...words, "--passkey")).stdout).toContain("unchanged");
  });

  it("shows nothing, and asks no passkey, for a statement of another kind or under another constitution", async () => {
    const { entry, credential } = await registered();
    const founded = found(entry);
    const { approve } = setUp("kinds", founded);
    const approving = approve();
    const elsewhere = foundConstitution(testConstitution({ name: "elsewhere" })).constitutionDigest;
    for (const [change, sentence] of [
      [{ kind: "bundle" }, "cannot be approved here"],
      [{ statement: Buffer.from(bundleUnder(founded.constitutionDigest)).toString("base64") }, "cannot be approved here"],
      [{ kind: "fleet-record" }, "cannot be approved here"],
      [{ kind: "grant" }, "nothing of a kind that is approved here"],
      [{ kind: "bundle", statement: Buffer.from(bundleUnder(elsewhere)).toString("base64") }, "it names another constitution"],
    ] as const) {
      const init = `const ask = fetch; globalThis.fetch = async (path, ...more) => { const answer = await ask(path, ...more); return path === "question" ? Response.json({ ...(await answer.json()), ...${JSON.stringify(change)} }) : answer; };`;
      const one = await open({ init });
      await one.give(credential);
      expect(await one.page.getByRole("alert").innerText()).toContain(sentence);
      expect(await one.page.getByRole("button").count()).toBe(0);
      await one.page.context().close();
    }
    contexts.splice(0);
    // a page made to show a bundle and to sign for it gives nothing that counts for the release
    const statement = Buffer.from(bundleUnder(founded.constitutionDigest)).toString("base64");
    const one = await open({
      init: `const ask = fetch; globalThis.fetch = async (path, ...more) => { const answer = await ask(path, ...more); return path === "question" ? Response.json({ ...(await answer.json()), kind: "bundle", statement: "${statement}" }) : answer; };`,
    });
    await one.give(credential);
    await one.page.getByRole("button").click();
    expect(await settled(one)).toContain("Not accepted: another statement, person or role was approved");
    await one.page.context().close();
    contexts.splice(0);
    const honest = await open();
    await honest.give(credential);
    await finish(honest, approving);
    // and no command takes a file of another kind
    const { file, constitution } = setUp("release", founded);
    const wrong = ["--constitution", constitution, "--passkey"];
    expect((await call("policy", "approve", file, ...wrong)).code).toBe(30);
    expect((await call("status", "approve", file, ...wrong)).code).toBe(30);
  });

  it("grants an emergency, carried by the key that asked for it", { timeout: 120_000 }, async () => {
    const night = await startNight();
    try {
      writeFileSync(at("trust.json"), night.trustText);
      writeFileSync(at("night.constitution"), night.deployment.boot.constitution);
      const nurse = await openSubmitterKey(at("nurse.key"));
      const desk = night.desk(nurse);
      const asked = await desk.open({ subject: "p1", ward: "icu", reason: "unconscious, bed 4", level: "findings" });
      [port, origin] = [Number(new URL(ORIGIN).port), ORIGIN];
      const common = ["--host", night.stack.url, "--trust", at("trust.json"), "--constitution", at("night.constitution")];
      const words = ["break-glass", "watch", ...common, "--key", at("nurse.key"), "--id", toHex(asked.emergency.id)];
      expect((await call(...words, "--passkey", "--answer", "refuse")).code).toBe(2);
      const shown = ["Approve an emergency", "p1", "icu", "unconscious, bed 4", "ETREAT", "findings", "1 h from its approval"];
      const said = await approveOnPage([...words, "--answer", "grant"], shown, EVE);
      expect(said).toMatchObject({ state: "waiting", answers: [{ person: "eve", role: "doctor", granted: true }] });
      const stop = await connectSigner(night, "dan", "doctor");
      expect(await untilDecided(desk, asked.emergency.id)).toBe("granted");
      await stop();
    } finally {
      await night.close();
    }
  });

  /** Approves as the person would, so that the command ends. */
  const finish = async (one: Open, approving: ReturnType<typeof call>): Promise<void> => {
    await one.page.evaluate("globalThis.honest = true");
    await one.verified(true);
    await one.page.getByRole("button").click();
    expect((await approving).code).toBe(0);
  };
});

/** The passkey of a doctor of the night's constitution, as an authenticator holds it. */
const EVE = {
  credentialId: Buffer.from("eve").toString("base64"),
  isResidentCredential: true,
  rpId: RP_ID,
  privateKey: BEN.export({ format: "der", type: "pkcs8" }).toString("base64"),
  userHandle: Buffer.from("eve").toString("base64"),
  signCount: 1,
};

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}
