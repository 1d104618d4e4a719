import { spawn, type ChildProcess } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeSampleFiles } from "@caladrius/client/samples";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

// The command as users call it: other processes, real files, the simulated enclave and a host.

const root = join(import.meta.dirname, "..");
let folder = "";
let up: { process: ChildProcess; url: string; trust: string };
const running = new Set<ChildProcess>();

interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

function start(...words: string[]): { process: ChildProcess; ended: Promise<Ended>; firstLine: Promise<string> } {
  const child = spawn(process.execPath, [join(root, "cli/caladrius.mjs"), ...words], { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  running.add(child);
  child.once("close", () => running.delete(child));
  const written = { stdout: "", stderr: "" };
  const firstLine = new Promise<string>((resolve, reject) => {
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      written.stdout += text;
      if (written.stdout.includes("\n")) resolve(written.stdout.split("\n")[0] ?? "");
    });
    child.once("close", () => reject(new Error(`ended without a line: ${written.stderr}`)));
  });
  firstLine.catch(() => undefined);
  child.stderr.setEncoding("utf8").on("data", (text: string) => (written.stderr += text));
  const ended = new Promise<Ended>((resolve) => child.once("close", (code) => resolve({ code, ...written })));
  return { process: child, ended, firstLine };
}

const call = (...words: string[]): Promise<Ended> => start(...words).ended;

function objects(stdout: string): Record<string, unknown>[] {
  return stdout
    .trim()
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "caladrius-path-"));
  await writeSampleFiles(join(folder, "samples"));
  const started = start("up", "--data", join(folder, "data"), "--port", "0", "--json");
  const { url, trust } = JSON.parse(await started.firstLine) as { url: string; trust: string };
  up = { process: started.process, url, trust };
});
afterAll(async () => {
  const ended = new Promise((resolve) => up.process.once("close", resolve));
  up.process.kill("SIGTERM");
  expect(await ended).toBe(0);
  for (const child of running) child.kill("SIGKILL"); // what a failed test left
  rmSync(folder, { recursive: true, force: true });
});

describe("submit, verify, show", () => {
  it("bring verified results of the samples, the same findings each time", async () => {
    const digests: string[] = [];
    for (const out of ["results", "again"]) {
      const { code, stdout, stderr } = await call(
        "submit",
        "samples",
        "--host",
        up.url,
        "--trust",
        up.trust,
        "--out",
        out,
        "--level",
        "full",
        "--json",
      );
      expect(stderr).toBe("");
      expect(code).toBe(0);
      const [warnings, lines] = [true, false].map((told) => objects(stdout).filter((line) => (line["warning"] === true) === told));
      expect(warnings).toMatchObject([{ code: "value-implausible", count: 2, status: null }]); // the sample has artefacts
      if (lines === undefined) throw new Error("no lines");
      expect(lines).toHaveLength(5);
      for (const line of lines) expect(line).toMatchObject({ status: "warning", mode: "live", code: "simulator" });
      const findings = lines.map(({ name, claims }) => [name, (claims as { disclosed: unknown }).disclosed]);
      digests.push(createHash("sha256").update(JSON.stringify(findings, withoutJob)).digest("hex"));
    }
    expect(digests[0]).toBe(digests[1]);
  });

  it("count an input that could not be read, and say that a key was made", async () => {
    writeFileSync(join(folder, "broken.csv"), "no recording");
    const inputs = [join("samples", "sample-ecg-pause.hea"), "broken.csv"];
    const words = ["submit", ...inputs, "--host", up.url, "--trust", up.trust, "--key", "mistyped.key"];
    const { code, stdout } = await call(...words);
    expect(code).toBe(30);
    expect(stdout.trimEnd().split("\n").at(-1)).toBe("verified 1 of 1 results; 1 input was not read");
    expect(stdout).toContain("made mistyped.key (0600), as there was none");
    expect((await call(...words)).stdout).not.toContain("mistyped.key");
  });

  it("verify the files offline, in archived mode", async () => {
    const files = readdirSync(join(folder, "results")).map((name) => join("results", name));
    expect(statSync(join(folder, files[0] ?? "")).mode & 0o777).toBe(0o600);
    const { code, stdout } = await call("verify", ...files, "--trust", up.trust, "--json");
    expect(code).toBe(0);
    for (const line of objects(stdout)) {
      expect(line).toMatchObject({ status: "warning", mode: "archived", code: "simulator" });
      expect(line["notChecked"]).toContain("time");
    }
    expect((await call("verify", ...files, "--trust", up.trust, "--strict")).code).toBe(10);
  });

  it("refuse a changed byte with the code of a check, and show nothing of it", async () => {
    const bytes = readFileSync(join(folder, "results", "sample-ecg-pause.attested"));
    for (const at of [40, bytes.length >> 1, bytes.length - 1]) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 1;
      writeFileSync(join(folder, "changed.attested"), changed);
      const { code, stdout } = await call("verify", "changed.attested", "--trust", up.trust, "--json");
      expect([10, 20, 30]).toContain(code);
      expect(objects(stdout)[0]).toMatchObject({ status: "contraindicated", claims: null });
    }
    const shown = await call("show", "changed.attested", "--trust", up.trust);
    expect(shown.stdout).toContain("contraindicated");
    expect(shown.stdout).not.toContain("asystole");
  });

  it("show a result to a person, and say so when nothing was verified", async () => {
    const file = join("results", "sample-ecg-pause.attested");
    const verified = await call("show", file, "--trust", up.trust);
    expect(verified.stdout.split("\n")[0]).toMatch(/^verdict +warning +simulator:/);
    expect(verified.stdout).toContain("asystole");
    expect(verified.stdout).toContain("Not a medical device.");
    const bare = await call("show", file);
    expect(bare.stdout.split("\n")[0]).toContain("NOT VERIFIED");
  });

  it("keep files that exist", async () => {
    const { code, stdout } = await call(
      "submit",
      join("samples", "sample-ecg-pause.hea"),
      "--host",
      up.url,
      "--trust",
      up.trust,
      "--out",
      "results",
      "--json",
    );
    expect(code).toBe(3);
    expect(objects(stdout)[0]).toMatchObject({ status: null, code: "output-exists" });
  });

  it("refuse to seal under a trust file without PCR16 or with another image", async () => {
    const trust = JSON.parse(readFileSync(up.trust, "utf8")) as { pcrs: Record<string, string>[] };
    const [set = {}] = trust.pcrs;
    const { "16": _, ...bare } = set;
    for (const [pcrs, code] of [
      [bare, "trust-pcr16-missing"],
      [{ ...set, "2": "ab".repeat(48) }, "measurement-mismatch"],
    ] as const) {
      writeFileSync(join(folder, "other.json"), JSON.stringify({ ...trust, pcrs: [pcrs] }));
      const { code: exit, stdout } = await call(
        "submit",
        join("samples", "sample-ecg-pause.hea"),
        "--host",
        up.url,
        "--trust",
        "other.json",
        "--json",
      );
      expect(exit).toBe(10);
      expect(objects(stdout)[0]).toMatchObject({ code, claims: null });
    }
  });

  it("go on with what can be read, and end with the code of what cannot", async () => {
    writeFileSync(join(folder, "broken.csv"), "no such header\n1,2\n");
    const { code, stdout } = await call(
      "submit",
      "broken.csv",
      join("samples", "sample-ecg-pause.hea"),
      "--host",
      up.url,
      "--trust",
      up.trust,
      "--json",
    );
    expect(code).toBe(30);
    expect(objects(stdout).map((line) => line["status"])).toEqual([null, "warning"]);
  });
});

describe("trust new", () => {
  it("computes from image, constitution and bundle what the enclave's results verify under", async () => {
    const eif = readdirSync(join(folder, "data/image")).find((name) => name.endsWith(".eif")) ?? "";
    const files = [
      "--eif",
      join("data/image", eif),
      "--constitution",
      "data/deployment/constitution.cose",
      "--bundle",
      "data/deployment/bundle.cbor",
    ];
    const root = ["--root", "data/pki/simulated-root.pem", "--allow-simulator"];
    expect((await call("trust", "new", ...files, ...root, "--out", "made.json")).code).toBe(0);
    expect((await call("verify", join("results", "sample-ecg-pause.attested"), "--trust", "made.json")).code).toBe(0);
    const { code, stdout } = await call("trust", "diff", "made.json", up.trust, "--json");
    expect(code).toBe(10);
    expect(objects(stdout).map(({ what, widens }) => [what, widens])).toEqual([
      ["pcrs", false],
      ["pcrs", true],
    ]);
    const refused = await call("trust", "new", ...files, "--root", "data/pki/simulated-root.pem", "--out", "refused.json");
    expect(refused.code).toBe(10);
    expect(readdirSync(folder)).not.toContain("refused.json");
  });
});

describe("the verification page", () => {
  it("is built when it is first asked for", async () => {
    const [one, two] = await Promise.all([fetch(`${up.url}/verify`), fetch(`${up.url}/verify`)]);
    expect([one.status, one.headers.get("content-type")]).toEqual([200, "text/html; charset=utf-8"]);
    const page = await one.text();
    expect(page).toMatch(/^<!doctype html>[^]*<title>Verify attested results/);
    expect(await two.text()).toBe(page);
  });
});

describe("attestation", () => {
  it("is fetched with a nonce and verified live", async () => {
    const nonce = "00112233445566778899aabbccddeeff";
    expect((await call("attestation", "get", "--host", up.url, "--nonce", nonce, "--out", "evidence.bin")).code).toBe(0);
    const verified = await call("attestation", "verify", "evidence.bin", "--trust", up.trust, "--nonce", nonce, "--json");
    expect(verified.code).toBe(0);
    expect(objects(verified.stdout)[0]).toMatchObject({ file: "evidence.bin", status: "warning", mode: "live", code: "simulator" });
    const other = await call("attestation", "verify", "evidence.bin", "--trust", up.trust, "--nonce", nonce.replace("00", "01"), "--json");
    expect(other.code).toBe(10);
    expect(objects(other.stdout)[0]).toMatchObject({ status: "contraindicated", code: "nonce-mismatch", claims: null });
  });
});

describe("an enclave that dies", () => {
  it("is started again, and jobs are sealed to the new one", async () => {
    const started = start("up", "--data", join(folder, "dying"), "--port", "0", "--json");
    const { url, trust } = JSON.parse(await started.firstLine) as { url: string; trust: string };
    expect((await call("submit", join("samples", "sample-ecg-pause.hea"), "--host", url, "--trust", trust)).code).toBe(0);
    const enclaves = children(started.process.pid ?? 0).filter((pid) =>
      readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("enclave.mjs"),
    );
    expect(enclaves).toHaveLength(1);
    for (const pid of enclaves) process.kill(pid, "SIGKILL");
    const { code, stdout } = await call("submit", join("samples", "sample-ecg-pause.hea"), "--host", url, "--trust", trust, "--json");
    expect(code).toBe(0);
    expect(objects(stdout)[0]).toMatchObject({ status: "warning", code: "simulator" });
    started.process.kill("SIGINT");
    const ended = await started.ended;
    expect(ended.code).toBe(0);
    expect(ended.stderr).toContain("is started again");
  });
});

describe("host beside an enclave that runs elsewhere", () => {
  it("serves as the two together do", async () => {
    const simulate = start("simulate", "--data", join(folder, "elsewhere"), "--json");
    const { enclave, constitution, bundle, statusList, trust } = JSON.parse(await simulate.firstLine) as Record<string, string>;
    const files = ["--constitution", constitution ?? "", "--bundle", bundle ?? "", "--status-list", statusList ?? ""];
    const host = start("host", "--enclave", enclave ?? "", ...files, "--data", join(folder, "host"), "--port", "0", "--json");
    const { url } = JSON.parse(await host.firstLine) as { url: string };
    const { code, stdout } = await call("submit", join("samples", "sample-ecg-pause.hea"), "--host", url, "--trust", trust ?? "", "--json");
    expect(code).toBe(0);
    expect(objects(stdout)[0]).toMatchObject({ status: "warning", code: "simulator" });
    host.process.kill("SIGTERM");
    expect((await host.ended).code).toBe(0);
    simulate.process.kill("SIGINT");
    expect((await simulate.ended).code).toBe(0);
  });
});

describe("start", () => {
  it("runs the whole path on the samples and says how many results verified", async () => {
    const { code, stdout } = await call("start");
    expect(code).toBe(0);
    expect(stdout.trimEnd().split("\n").at(-1)).toBe("verified 5 of 5 results");
    expect(stdout).toContain("a physiological model made");
    expect(stdout).toContain("simulator");
  });
});

/** Processes that a process started itself. */
function children(parent: number): number[] {
  return readFileSync(`/proc/${parent}/task/${parent}/children`, "utf8").trim().split(" ").filter(Boolean).map(Number);
}

/** What differs between two jobs over the same recording: its ids and salts, never what was found. */
function withoutJob(key: string, value: unknown): unknown {
  return key === "job-id" || key === "submitter" ? undefined : value;
}
