import { spawn } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { auditNotices, createSubmitterKey, openSubmitterKey, type AuditOptions } from "@caladrius/client";
import { ed25519TestKey } from "@caladrius/attestation-verifier/generate/test-keys.ts";
import { NIGHT } from "@caladrius/enclave/test-support/emergencies.ts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connectSigner, startNight, type Night } from "./support/index.ts";

// Break-glass at night as people meet it: a nurse at the command line, doctors connected, an auditor the morning after.

const SECONDS = 60_000;
const DOCTORS = ["ben", "dan", "ada"] as const;
let folder = "";
let night: Night;
let common: string[] = [];
const file = (name: string): string => join(folder, name);
const objects = (stdout: string): Record<string, unknown>[] =>
  stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "caladrius-night-"));
  await openSubmitterKey(file("auditor.key"));
  const auditor = await openSubmitterKey(file("auditor.key"));
  night = await startNight([auditor.sealing]);
  writeFileSync(file("trust.json"), night.trustText);
  writeFileSync(file("constitution"), night.deployment.boot.constitution);
  for (const person of DOCTORS)
    writeFileSync(file(`${person}.pem`), ed25519TestKey(`night ${person}`).export({ format: "pem", type: "pkcs8" }), { mode: 0o600 });
  writeFileSync(file("night.csv"), CSV);
  common = ["--host", night.stack.url, "--trust", file("trust.json")];
}, 2 * SECONDS);
afterAll(async () => {
  await night.close();
  rmSync(folder, { recursive: true, force: true });
});

/** The command as users call it, in a process of its own. */
function call(...words: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [join(import.meta.dirname, "../cli/caladrius.mjs"), ...words], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const written = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) child[name].setEncoding("utf8").on("data", (text: string) => (written[name] += text));
  return new Promise((resolve) => child.once("close", (code) => resolve({ code, ...written })));
}

const request = (...more: string[]): ReturnType<typeof call> =>
  call("break-glass", "request", file("night.csv"), ...common, "--reason", "unconscious, bed 4", "--ward", "icu", "--json", ...more);

describe("break-glass at night", () => {
  it(
    "reads by two doctors at their machines, tells the auditors, and shows what the host withholds",
    async () => {
      const denied = await call("submit", file("night.csv"), ...common, "--purpose", "ETREAT", "--ward", "icu", "--json");
      expect(objects(denied.stdout)).toMatchObject([{ claims: { disclosed: { denial: "denied-grant-missing" } } }]);
      const stop = await Promise.all([connectSigner(night, "ben", "doctor"), connectSigner(night, "dan", "doctor")]);
      const granted = await request("--out", file("results"), "--key", file("nurse.key"));
      await Promise.all(stop.map((end) => end()));
      expect(granted.stderr).toBe("");
      expect(granted.code).toBe(0);
      const said = objects(granted.stdout);
      expect(said[0]).toMatchObject({ state: "waiting", reason: "unconscious, bed 4", ward: "icu" });
      expect(said.at(-2)).toMatchObject({ state: "granted", answers: [{ granted: true }, { granted: true }] });
      expect(said.at(-1)).toMatchObject({ status: "warning", claims: { result: { emergencyUses: 1, flags: { breakGlass: true } } } });

      const shown = await call("break-glass", "show", ...common, "--key", file("nurse.key"), "--json");
      expect(objects(shown.stdout)).toMatchObject([{ state: "granted", subject: "p1" }]);

      const [result = ""] = readdirSync(file("results")).filter((name) => name.endsWith(".attested"));
      const notices = await call("break-glass", "notices", file(`results/${result}`), ...common, "--key", file("auditor.key"), "--json");
      expect(notices.code).toBe(0);
      expect(objects(notices.stdout).find((one) => (one["notices"] as unknown[] | undefined)?.length === 3)).toMatchObject({
        withheld: false,
        uses: 1,
        countedUses: 1,
        notices: [{ what: "opened" }, { what: "granted" }, { what: "used", subject: "p1", reason: "unconscious, bed 4" }],
      });

      const mistaken = await call("break-glass", "notices", file(`results/${result}`), ...common, "--key", file("nurse.key"));
      expect([mistaken.code, mistaken.stderr]).toEqual([10, expect.stringContaining("none of them opens with this key")]);

      const audit = (hide: (index: number) => boolean): ReturnType<typeof auditNotices> =>
        hidden(hide, [readFileSync(file(`results/${result}`))]);
      const whole = await audit(() => false);
      expect(whole.boots.filter(({ withheld }) => withheld)).toEqual([]);
      const none = await audit(() => true);
      expect(none.boots.find((boot) => boot.countedUses === 1)).toMatchObject({ withheld: true, uses: 0 });
      // Of all that it keeps, a host that shows one notice alone shows a gap, unless that is of the first event.
      const seen = new Set<number>();
      for (let only = 0; only < whole.fetched; only++) {
        const { boots } = await audit((index) => index !== only);
        for (const { notices: told, missing, withheld } of boots.filter((boot) => boot.notices.length > 0)) {
          const [{ number } = { number: 0 }] = told;
          seen.add(number);
          expect(missing).toEqual([1, 2].filter((one) => one < number));
          expect(withheld).toBe(true);
        }
      }
      expect([...seen].toSorted((a, b) => a - b)).toEqual([1, 2, 3]);
    },
    2 * SECONDS,
  );

  it(
    "ends when so many refuse that nobody is left, whatever the host shows",
    async () => {
      const asked = request("--wait", "60");
      const watch = ["break-glass", "watch", ...common, "--constitution", file("constitution")];
      const id = await waiting();
      const strangers = await call(...watch, "--key", stranger(), "--id", id, "--answer", "refuse");
      expect(strangers.code).toBe(2);
      for (const person of DOCTORS) {
        const refused = await call(
          ...watch,
          "--role",
          "doctor",
          "--key",
          file(`${person}.pem`),
          "--id",
          id,
          "--answer",
          "refuse",
          "--json",
        );
        expect([refused.stderr, refused.code]).toEqual(["", 0]);
        if (person !== DOCTORS[0]) continue;
        const mine = [...watch, "--role", "doctor", "--key", file(`${person}.pem`), "--id", id, "--answer"];
        const again = await call(...mine, "refuse");
        expect([again.code, again.stderr]).toEqual([0, expect.stringContaining(`unchanged: ${person}, doctor has refused it already`)]);
        const other = await call(...mine, "grant");
        expect([other.code, other.stderr]).toEqual([10, expect.stringContaining("the first answer counts")]);
      }
      const { code, stdout } = await asked;
      expect(code).toBe(10);
      expect(objects(stdout).at(-1)).toMatchObject({ state: "refused" });
    },
    2 * SECONDS,
  );

  it("tells those who wait that nobody decided", async () => {
    const { code, stderr } = await request("--wait", "1");
    expect(code).toBe(3);
    expect(stderr).toContain("not decided in time");
  });

  it("is called in its own words", async () => {
    expect((await request("--level", "alarm")).code).toBe(2);
    expect((await request("--subject", "p2")).code).toBe(2);
    const denied = await request("--purpose", "TREAT");
    expect([denied.code, denied.stdout + denied.stderr]).toEqual([
      10,
      expect.stringMatching(/an emergency.*: denied-emergency-purpose; the policy bundle opens no emergency/),
    ]);
    const watch = ["break-glass", "watch", ...common, "--constitution", file("constitution"), "--key", file("ben.pem")];
    expect((await call(...watch, "--id", "00".repeat(16))).code).toBe(2);
    expect((await call(...watch, "--id", "00".repeat(16), "--answer", "grant")).code).toBe(2);
  });
});

/** The id of what waits for ben, in hex. */
async function waiting(): Promise<string> {
  const { publicKey, sign } = NIGHT.ben;
  const desk = night.desk({ ...(await createSubmitterKey()), signing: publicKey, sign });
  for (;;) {
    const found = (await desk.list()).find(({ state }) => state === "waiting");
    if (found !== undefined) return Buffer.from(found.emergency.id).toString("hex");
  }
}

/** An audit against a host that keeps some notices back. */
function hidden(hide: (index: number) => boolean, results: AuditOptions["results"]): ReturnType<typeof auditNotices> {
  let index = 0;
  const host: AuditOptions["host"] = {
    boots: () => night.host.boots(),
    notices: async (after) => (await night.host.notices(after)).filter(() => !hide(index++)),
  };
  return auditNotices({ host, trust: night.trust, key: night.auditor, results });
}

function stranger(): string {
  const { privateKey } = generateKeyPairSync("ed25519");
  writeFileSync(file("stranger.pem"), privateKey.export({ format: "pem", type: "pkcs8" }), { mode: 0o600 });
  return file("stranger.pem");
}

const CSV = [
  "time,subject,device,8867-4 [/min]",
  ...Array.from({ length: 30 }, (_, i) => `2026-11-21T02:${`${i}`.padStart(2, "0")}:00Z,p1,bed-4,${70 + (i % 5)}`),
].join("\n");
