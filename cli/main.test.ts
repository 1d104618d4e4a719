import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EXIT, worst } from "./exit.ts";
import { COMMANDS } from "./table.ts";
import { call } from "./test-support/call.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "caladrius-cli-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("help", () => {
  it("lists every command", async () => {
    const { code, stdout } = await call("--help");
    expect(code).toBe(EXIT.ok);
    for (const { name, summary } of COMMANDS)
      expect(stdout).toMatch(new RegExp(`^  ${name} +${summary.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")}$`, "m"));
  });

  it.each(COMMANDS.map((command) => [command.name, command] as const))("tells what %s takes", async (name, command) => {
    const { code, stdout } = await call(...name.split(" "), "--help");
    expect(code).toBe(EXIT.ok);
    expect(stdout).toContain(`usage: caladrius ${name}`);
    for (const option of Object.keys(command.options)) expect(stdout).toContain(`--${option}`);
  });

  it.each([
    [["trust", "--help"], "trust diff"],
    [["help", "trust", "new"], "usage: caladrius trust new"],
    [["verify", "-h"], "usage: caladrius verify"],
  ])("%j helps as well", async (words, text) => {
    expect(await call(...words)).toMatchObject({ code: EXIT.ok, stdout: expect.stringContaining(text) as string });
  });

  it("fits into 80 columns", async () => {
    const texts = await Promise.all([call("--help"), ...COMMANDS.map(({ name }) => call(...name.split(" "), "--help"))]);
    for (const line of texts.flatMap(({ stdout }) => stdout.split("\n"))) expect(line.length, line).toBeLessThanOrEqual(80);
  });

  it("tells the version", async () => {
    const { stdout } = await call("--version");
    expect(stdout).toMatch(/^caladrius \d+\.\d+\.\d+ \(Node \d+\.\d+\.\d+\)\n$/);
  });
});

describe("wrong use", () => {
  it.each([
    [[], ""],
    [["verfy"], "did you mean `caladrius verify`?"],
    [["attestation"], "attestation get, attestation verify"],
    [["trust", "shwo"], 'no command "trust shwo"'],
    [["verify", "x", "--trust", "y", "--trust", "z"], "--trust is given more than once"],
    [["attestation", "verify", "x", "--trust", "y", "--max-age", "-1"], "--max-age S has no value"],
    [["attestation", "verify", "x", "--trust", "y", "--at", "2026-02-31T10:00:00Z"], "--at must be a time"],
    [["submit", "x", "--host", "http://127.0.0.1", "--trust", "y", "--purpose", ""], "--purpose must be a code"],
    [["verify", "x", "--trsut", "y"], "did you mean --trust?"],
    [["verify", "--trust", "y"], "FILE… is missing"],
    [["verify", "x"], "--trust FILE is missing"],
    [["trust", "diff", "a"], "--help"],
    [["show", "a", "b"], "one input too many"],
    [["up", "--port", "99999"], "whole number from 0 to 65535"],
    [["attestation", "get", "--host", "ftp://x", "--out", "/dev/null/x"], "--host must be an address"],
    [["attestation", "get", "--host", "http://127.0.0.1", "--nonce", "AB", "--out", "x"], "lower-case hex"],
    [["attestation", "verify", "x", "--trust", "y", "--archived", "--at", "2026-01-01"], "give one of them"],
    [["attestation", "verify", "x", "--trust", "y", "--at", "2026-01-01T10:00:00"], "--at must be a time"],
    [["analyse", "x", "--detector", "pulse"], "there is no detector"],
  ])("%j ends with 2 and says what to do", async (words, hint) => {
    const { code, stderr } = await call(...words);
    expect(code).toBe(EXIT.usage);
    expect(stderr).toContain(hint);
  });
});

describe("what cannot be reached", () => {
  it("ends with 3 for a file that is not there", async () => {
    const { code, stderr } = await call("trust", "show", join(folder, "none.json"));
    expect(code).toBe(EXIT.unreachable);
    expect(stderr).toContain("there is no such file");
  });

  it("ends with 3 for a host that is not there", async () => {
    const { code, stderr } = await call(
      "attestation",
      "get",
      "--host",
      `http://127.0.0.1:${await freePort()}`,
      "--out",
      join(folder, "evidence"),
    );
    expect(code).toBe(EXIT.unreachable);
    expect(stderr).toContain("(ECONNREFUSED); is the host up");
  });

  it("ends with 3 for an input, as one object of the shape of all", async () => {
    const file = join(folder, "none.csv");
    const { code, stdout } = await call("analyse", file, "--json");
    expect(code).toBe(EXIT.unreachable);
    expect(JSON.parse(stdout)).toMatchObject({ file, status: null, mode: null, at: null, spec: null, claims: null, notChecked: [] });
  });

  it("ends with 3 for a folder that cannot be made", { timeout: 10_000 }, async () => {
    const file = join(folder, "plain");
    writeFileSync(file, "");
    const trust = ["trust", "new", "--eif", "x", "--out"];
    const under = async (path: string) => call("up", "--port", "0", "--data", path);
    expect(await under(file)).toMatchObject({ code: EXIT.unreachable, stderr: expect.stringContaining("a folder is needed") as string });
    expect(await under("/proc/none")).toMatchObject({
      code: EXIT.unreachable,
      stderr: expect.stringContaining("cannot be written") as string,
    });
    expect((await call(...trust, join(file, "out"))).code).toBe(EXIT.unreachable);
  });

  it("prints one object with --json", async () => {
    const { stdout } = await call("trust", "show", join(folder, "none.json"), "--json");
    expect(JSON.parse(stdout)).toMatchObject({ status: null, code: "ENOENT", claims: null, notChecked: [] });
  });
});

describe("trust files", () => {
  const pcr = (byte: string): string => byte.repeat(48);

  it("are shown and compared", async () => {
    const before = join(folder, "before.json");
    const after = join(folder, "after.json");
    const set = { "0": pcr("01"), "1": pcr("02"), "2": pcr("03"), "16": pcr("04") };
    writeFileSync(before, JSON.stringify({ roots: ["aws-nitro-root-g1"], pcrs: [set], maxAgeSeconds: 60 }));
    writeFileSync(after, JSON.stringify({ roots: ["aws-nitro-root-g1"], pcrs: [set, { ...set, "2": pcr("05") }], maxAgeSeconds: 60 }));
    expect((await call("trust", "show", before)).stdout).toContain("results    accepted");
    expect(await call("trust", "diff", before, before)).toMatchObject({ code: EXIT.ok, stdout: "both accept the same\n" });
    const { code, stdout } = await call("trust", "diff", before, after);
    expect(code).toBe(EXIT.contraindicated);
    expect(stdout).toContain("accepts more than");
  });

  it("of other bytes are refused as malformed, by name", async () => {
    const file = join(folder, "junk.json");
    for (const bytes of [new Uint8Array([0xff, 0xfe, 0]), new Uint8Array(), Buffer.from("{")]) {
      writeFileSync(file, bytes);
      const { code, stdout, stderr } = await call("trust", "show", file, "--json");
      expect(code).toBe(EXIT.malformed);
      expect(JSON.parse(stdout)).toMatchObject({ file, status: "contraindicated", code: "trust-json", stage: "trust", spec: "trust file" });
      expect(stderr).toContain(`caladrius: ${file}: the trust file is not one JSON object`);
    }
  });

  it("with an unknown key are refused by its code", async () => {
    const file = join(folder, "unknown.json");
    writeFileSync(file, JSON.stringify({ roots: [], pcrs: [], surprise: "\u202e" }));
    const { code, stdout } = await call("trust", "show", file, "--json");
    expect(code).toBe(EXIT.malformed);
    expect(JSON.parse(stdout)).toMatchObject({ status: "contraindicated", code: "trust-key-unknown" });
  });
});

describe("verify", () => {
  it("judges each file and ends with the gravest code", async () => {
    const trust = join(folder, "trust.json");
    const garbage = join(folder, "garbage.attested");
    writeFileSync(
      trust,
      JSON.stringify({
        roots: ["aws-nitro-root-g1"],
        pcrs: [{ "0": "01".repeat(48), "1": "02".repeat(48), "2": "03".repeat(48), "16": "04".repeat(48) }],
      }),
    );
    writeFileSync(garbage, randomBytes(64));
    const { code, stdout } = await call("verify", garbage, join(folder, "none.attested"), "--trust", trust, "--json");
    expect(code).toBe(EXIT.unreachable);
    const lines = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatchObject({ file: garbage, status: "contraindicated", claims: null, mode: "archived" });
    expect(Object.keys(lines[0] ?? {}).toSorted()).toEqual([
      "at",
      "claims",
      "code",
      "file",
      "mode",
      "notChecked",
      "sentence",
      "spec",
      "stage",
      "status",
    ]);
    expect(Object.keys(lines[1] ?? {}).toSorted()).toEqual(Object.keys(lines[0] ?? {}).toSorted());
  });
});

describe("exit codes", () => {
  it("over several inputs are the first of 1, 3, 30, 20, 10, 2, 0", () => {
    expect(worst([0, 10, 20, 30, 3, 1])).toBe(1);
    expect(worst([0, 10, 20, 30, 3])).toBe(3);
    expect(worst([0, 10, 20, 30])).toBe(30);
    expect(worst([0, 10, 20])).toBe(20);
    expect(worst([0, 2, 10])).toBe(10);
    expect(worst([0, 2])).toBe(2);
    expect(worst([])).toBe(0);
  });
});

describe("documents", () => {
  const root = join(import.meta.dirname, "..");
  const documents = [
    "README.md",
    "SECURITY.md",
    "docs/for-analytics-teams.md",
    "docs/for-insurers.md",
    "docs/for-hospital-security.md",
    "docs/for-operators.md",
  ];

  it.each(documents)("%s names only commands and options that exist", async (document) => {
    const text = readFileSync(join(root, document), "utf8");
    for (const [, line = ""] of text.matchAll(/^npx caladrius (.+)$/gm)) {
      const words = line.trim().split(/\s+/);
      const command = COMMANDS.find(({ name }) => name === words.slice(0, 2).join(" ")) ?? COMMANDS.find(({ name }) => name === words[0]);
      expect(command, line).toBeDefined();
      for (const word of words.filter((one) => one.startsWith("--") && one !== "--help"))
        expect(Object.keys(command?.options ?? {}), line).toContain(word.slice(2));
      for (const [name, option] of Object.entries(command?.options ?? {}))
        if (option.required === true) expect(words, line).toContain(`--${name}`);
    }
  });

  it.each(documents)("%s can be followed from top to bottom: nothing writes where something was written before", async (document) => {
    const text = readFileSync(join(root, document), "utf8");
    const outputs = [...text.matchAll(/^npx caladrius (?!.* --force).* --out (\S+)/gm)].map(([, out]) => out);
    expect(outputs.filter((out, i) => outputs.indexOf(out) !== i)).toEqual([]);
  });

  it("shows recordings that are read as they stand", async () => {
    const text = readFileSync(join(root, "docs/for-analytics-teams.md"), "utf8");
    const examples = [...text.matchAll(/^```csv\n([\s\S]*?)^```/gm)].map(([, example = ""]) => example);
    expect(examples.length).toBeGreaterThan(0);
    for (const [i, example] of examples.entries()) {
      const file = join(folder, `example-${i}.csv`);
      writeFileSync(file, example);
      const { code, stderr } = await call("analyse", file);
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    }
  });

  it("has every dependency in docs/DEPENDENCIES.md with its version, and no other", () => {
    const workspace = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as Record<string, unknown> & { workspaces: string[] };
    const named = new Map<string, string>();
    for (const folderName of [".", ...workspace.workspaces]) {
      const file = JSON.parse(readFileSync(join(root, folderName, "package.json"), "utf8")) as Record<
        string,
        Record<string, string> | undefined
      >;
      for (const kind of ["dependencies", "devDependencies", "optionalDependencies"]) {
        for (const [name, version] of Object.entries(file[kind] ?? {}))
          if (!name.startsWith("@caladrius/") && name !== "caladrius") named.set(name, version);
      }
    }
    const table = readFileSync(join(root, "docs/DEPENDENCIES.md"), "utf8");
    const rows = new Map([...table.matchAll(/^\| (\S+) \| (\d\S*) \|/gm)].map(([, name = "", version = ""]) => [name, version]));
    expect(Object.fromEntries(rows)).toEqual(Object.fromEntries(named));
  });

  it("keeps the licence as it was published", () => {
    const text = readFileSync(join(root, "LICENSE"));
    expect(createHash("sha256").update(text).digest("hex")).toBe("cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30");
  });
});

async function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}
