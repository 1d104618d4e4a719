import { createPublicKey, generateKeyPairSync } from "node:crypto";
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseTrustFile, verifyResultFile } from "@caladrius/attestation-verifier";
import { signatures } from "@caladrius/attestation-verifier/signatures";
import { submit } from "@caladrius/client";
import { makeSampleRecordings } from "@caladrius/client/samples";
import { decodeApproved, encodeApproved } from "@caladrius/wire";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Arguments } from "./arguments.ts";
import { EXIT } from "./exit.ts";
import { givenDeployment } from "./given-deployment.ts";
import { startLocal } from "./local.ts";
import { call, callOnTerminal } from "./test-support/call.ts";

// A hospital founds a deployment, changes its policy and succeeds its constitution, with the commands that people use.

const BREAK_GLASS = `{ "first": { "physician": 1 }, "escalateSeconds": 30, "validSeconds": 3600, "purposes": ["ETREAT"], "level": "full" }`;
let folder = "";
const at = (name: string): string => join(folder, name);
const day = (days: number): string => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);

function makeKey(name: string): void {
  const { privateKey } = generateKeyPairSync("ed25519");
  writeFileSync(at(`${name}.pem`), privateKey.export({ format: "pem", type: "pkcs8" }), { mode: 0o600 });
  writeFileSync(at(`${name}.pub.pem`), createPublicKey(privateKey).export({ format: "pem", type: "spki" }));
}

async function example(...words: string[]): Promise<string> {
  const { code, stdout } = await call(...words);
  expect(code).toBe(EXIT.ok);
  return stdout.replaceAll("2026-11-21", day(-1)).replaceAll("2027-11-21", day(300)).replaceAll("2031-11-21", day(1500));
}

/** Changes one member of a description, wherever it lies, by its text. */
function rewrite(from: string, to: string, ...changes: readonly (readonly [string, string])[]): void {
  let text = readFileSync(at(from), "utf8");
  for (const [before, after] of changes) {
    expect(text).toContain(before);
    text = text.replace(before, after);
  }
  writeFileSync(at(to), text);
}

async function expectCall(code: number, ...words: string[]): Promise<{ stdout: string; stderr: string }> {
  const found = await call(...words);
  expect(found, `${found.stdout}${found.stderr}`).toMatchObject({ code });
  return found;
}

const approve = (file: string, who: string, ...more: string[]): ReturnType<typeof call> =>
  call("policy", "approve", at(file), "--constitution", at("constitution.cose"), "--key", at(`${who}.pem`), ...more);
const verify = (file: string, ...more: string[]): ReturnType<typeof call> =>
  call("policy", "verify", at(file), "--constitution", at("constitution.cose"), ...more);

async function makeBundle(description: string, name: string, author = "ada"): Promise<void> {
  const constitution = ["--constitution", at("constitution.cose")];
  await expectCall(EXIT.ok, "policy", "new", at(description), ...constitution, "--out", at(`${name}.draft`));
  await expectCall(
    EXIT.ok,
    "policy",
    "sign",
    at(`${name}.draft`),
    ...constitution,
    "--key",
    at(`${author}.pem`),
    "--out",
    at(`${name}.cbor`),
  );
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "caladrius-governance-"));
  for (const name of ["ada", "ben", "cyn", "dan", "eve", "status", "mallory"]) makeKey(name);
  writeFileSync(at("constitution.json"), await example("constitution", "new", "--example"));
  writeFileSync(at("bundle.json"), await example("policy", "new", "--example"));
  writeFileSync(at("policies.cedar"), await example("policy", "new", "--example-policies"));
  writeFileSync(at("table.json"), await example("policy", "test", "--example"));
  // both roles decide on policy here
  rewrite("constitution.json", "constitution.json", ['"bundle": { "hospital": 2 }', '"bundle": { "hospital": 1, "vendor": 1 }']);
  await expectCall(EXIT.ok, "constitution", "new", at("constitution.json"), "--key", at("ada.pem"), "--out", at("constitution.cose"));
  await makeBundle("bundle.json", "bundle");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("founding", () => {
  it("shows who may do what, and what others pin", async () => {
    const { stdout } = await expectCall(EXIT.ok, "constitution", "show", at("constitution.cose"));
    expect(stdout).toMatch(/policy bundle +1 of role hospital and 1 of role vendor/);
    const digest = await expectCall(EXIT.ok, "constitution", "digest", at("constitution.cose"), "--json");
    const { pcr16 } = JSON.parse(digest.stdout) as { pcr16: string };
    expect(stdout).toContain(pcr16);
  });

  it.each<[string, string, string, number, string]>([
    ["a quorum that nobody reaches", '"vendor": 1 },', '"vendor": 3 },', EXIT.contraindicated, "constitution-quorum"],
    ["a person in both roles, where others remain", '"person": "dan"', '"person": "ada"', EXIT.ok, ""],
    ["a member that there is not", '"name":', '"nmae":', EXIT.malformed, "nmae: expected no such member"],
    ["a private key", '"ben.pub.pem"', '"ben.pem"', EXIT.malformed, "approvers[1].key: ben.pem: a private key"],
    ["a file that is missing", '"ben.pub.pem"', '"bob.pub.pem"', EXIT.malformed, "approvers[1].key: bob.pub.pem cannot be read"],
    ["two persons with one key", '"ben.pub.pem"', '"ada.pub.pem"', EXIT.contraindicated, "approvers[1].key: ben has the key of ada"],
    ["a name twice", '"name":', '"name": "x", "name":', EXIT.malformed, "description-json"],
    ["a status key twice", '["status.pub.pem"]', '["status.pub.pem", "status.pub.pem"]', EXIT.contraindicated, "statusKeys[1]"],
  ])("judges %s", async (_, before, after, code, text) => {
    rewrite("constitution.json", "wrong.json", [before, after]);
    const words = ["constitution", "new", at("wrong.json"), "--key", at("ada.pem"), "--out", at("wrong.cose"), "--force"];
    const { stderr } = await expectCall(code, ...words);
    expect(stderr).toContain(text);
  });

  it("is signed by one of its own approvers alone", async () => {
    const words = ["constitution", "new", at("constitution.json"), "--key", at("mallory.pem"), "--out", at("other.cose")];
    expect((await expectCall(EXIT.contraindicated, ...words)).stderr).toContain("approver-unknown");
    expect(existsSync(at("other.cose"))).toBe(false);
  });

  it("takes an approver's entry as `approver new` prints it", async () => {
    const { stdout } = await expectCall(EXIT.ok, "approver", "new", "--person", "fay", "--role", "vendor", "--out", at("fay.pem"));
    rewrite("constitution.json", "fay.json", ['{ "person": "dan", "role": "vendor", "key": "dan.pub.pem" }', stdout]);
    const words = ["constitution", "new", at("fay.json"), "--key", at("fay.pem"), "--out", at("fay.cose")];
    expect((await expectCall(EXIT.ok, ...words)).stdout).toMatch(/fay +vendor +Ed25519/);
  });

  it("overwrites nothing", async () => {
    const words = ["constitution", "new", at("constitution.json"), "--key", at("ada.pem"), "--out", at("constitution.cose")];
    await expectCall(EXIT.unreachable, ...words);
  });
});

describe("a rogue administrator", () => {
  it("cannot change policy alone, under any of their names", async () => {
    rewrite(
      "bundle.json",
      "wide.json",
      ['"recipientLevel": "alarm"', '"recipientLevel": "full"'],
      ['"policyVersion": 1', '"policyVersion": 2'],
    );
    await makeBundle("wide.json", "wide");
    for (let i = 0; i < 2; i++) expect(await approve("wide.cbor", "ada")).toMatchObject({ code: EXIT.ok });
    const { code, stdout } = await verify("wide.cbor");
    expect(code).toBe(EXIT.contraindicated);
    expect(stdout).toContain("1 of role vendor");
    // their own role, somebody else's name, a key of nobody
    expect(await approve("wide.cbor", "ada", "--person", "dan", "--role", "vendor")).toMatchObject({ code: EXIT.usage });
    expect(await approve("wide.cbor", "mallory")).toMatchObject({ code: EXIT.usage });
  });

  it("is judged with a line of progress, on a terminal alone", async () => {
    const words = ["policy", "verify", at("bundle.cbor"), "--constitution", at("constitution.cose")];
    expect((await callOnTerminal(...words)).stderr).toMatch(
      /checking 1 of 4: [^]*checking 2 of 4: Cedar[^]*checking 4 of 4: author and quorum/,
    );
    expect((await call(...words)).stderr).not.toContain("checking");
  });

  it("cannot take approvals of one policy for another", async () => {
    await makeBundle("bundle.json", "approved");
    for (const who of ["ben", "dan"]) expect(await approve("approved.cbor", who)).toMatchObject({ code: EXIT.ok });
    expect(await verify("approved.cbor")).toMatchObject({ code: EXIT.ok });
    const [approved, wide] = ["approved.cbor", "wide.cbor"].map((name) => decodeApproved(new Uint8Array(readFileSync(at(name)))));
    writeFileSync(at("mixed.cbor"), encodeApproved({ statement: wide!.statement, approvals: approved!.approvals }));
    const { code, stdout } = await verify("mixed.cbor");
    expect(code).toBe(EXIT.contraindicated);
    expect(stdout).toContain("bundle-quorum");
    expect(await approve("wide.cbor", "ada", "--merge", at("approved.cbor"))).toMatchObject({ code: EXIT.usage });
    const merge = ["policy", "approve", at("wide.cbor"), "--constitution", at("constitution.cose"), "--merge", at("approved.cbor")];
    expect((await expectCall(EXIT.contraindicated, ...merge)).stderr).toContain("approval-statement");
  });

  it("is seen: the difference marks what becomes wider", async () => {
    const { stdout } = await expectCall(EXIT.contraindicated, "policy", "diff", at("bundle.cbor"), at("wide.cbor"));
    expect(stdout).toMatch(/^WIDER +purpose HPAYMT: widest level of further recipients$/m);
    expect(await call("policy", "diff", at("bundle.cbor"), at("bundle.draft"))).toMatchObject({ code: EXIT.ok });
  });
});

describe("a policy", () => {
  it("says to a table of jobs what was expected", async () => {
    expect((await expectCall(EXIT.ok, "policy", "test", at("table.json"), at("bundle.draft"))).stdout).toContain("7 of 7 passed");
    rewrite("table.json", "other.json", ['"expect": "denied-purpose"', '"expect": "allow"']);
    const { stdout } = await expectCall(EXIT.contraindicated, "policy", "test", at("other.json"), at("bundle.cbor"));
    expect(stdout).toMatch(/^FAILED +marketing is no purpose +expected allow, found denied-purpose$/m);
  });

  it.each<[string, string, string, string]>([
    ["a Cedar policy that does not validate", "policies.cedar", "wrong.cedar", "boot-bundle-cedar-policies"],
    ["a parameter that there is not", '{ "id": "news2" }', '{ "id": "news2", "parameters": { "speed": 3 } }', "detector-parameters"],
    ["a detector that this build has not", '{ "id": "news2" }', '{ "id": "news3" }', "detector-parameters"],
    ["emergencies that nobody can open", '"breakGlass": null', `"breakGlass": ${BREAK_GLASS}`, "breakGlass.first: 1 of role physician"],
    ["data keys without a KMS", '"dataKeys": []', '"dataKeys": ["arn:aws:kms:eu-central-1:111122223333:key/1"]', "bundle-kms"],
  ])("refuses %s", async (_, before, after, text) => {
    writeFileSync(at("wrong.cedar"), "permit (principal, action, resource) when { context.time > 3 };");
    rewrite("bundle.json", "wrong.json", [before, after]);
    const { code, stderr } = await call(
      "policy",
      "new",
      at("wrong.json"),
      "--constitution",
      at("constitution.cose"),
      "--out",
      at("wrong.draft"),
    );
    expect(code).not.toBe(EXIT.ok);
    expect(stderr).toContain(text);
    expect(existsSync(at("wrong.draft"))).toBe(false);
  });

  it("must exceed the version before", async () => {
    const words = ["policy", "new", at("bundle.json"), "--constitution", at("constitution.cose"), "--out", at("same.draft")];
    const { stderr } = await expectCall(EXIT.contraindicated, ...words, "--previous", at("bundle.cbor"));
    expect(stderr).toContain("expected at least 2, found 1");
  });
});

describe("an enclave", () => {
  it("starts with what both roles approved, and answers; not with what one did", async () => {
    copyFileSync(at("approved.cbor"), at("force.cbor"));
    const status = ["status", "new", "--constitution", at("constitution.cose"), "--key", at("status.pem"), "--out", at("status.cbor")];
    await expectCall(EXIT.ok, ...status);
    const options: Record<string, string> = {
      constitution: at("constitution.cose"),
      bundle: at("force.cbor"),
      "status-list": at("status.cbor"),
    };
    const given = await givenDeployment({ optional: (name: string) => options[name] ?? null } as Arguments);
    const local = await startLocal({
      data: at("data"),
      port: 0,
      given,
      logger: null,
      events: { progress: () => {}, restarting: () => {} },
    });
    try {
      const trust = parseTrustFile(readFileSync(local.simulator.trust, "utf8"));
      const { pcr16 } = JSON.parse((await call("constitution", "digest", at("constitution.cose"), "--json")).stdout) as { pcr16: string };
      expect(local.simulator.pcrs["16"]).toBe(pcr16);
      const [outcome] = await submit([{ recording: makeSampleRecordings()[0]! }], { hostUrl: local.url, trust, outDir: at("results") });
      expect(outcome).toMatchObject({ status: "verified" });
      const { path } = outcome as { path: string };
      const verdict = await verifyResultFile(new Uint8Array(readFileSync(path)), trust, {}, signatures);
      expect(verdict).toMatchObject({ status: "warning", code: "simulator" });

      // Who has heard of version 2 is not answered under version 1, however genuine that one is.
      const floors = { policyVersion: 2, statusVersion: 0 };
      const [late] = await submit([{ recording: makeSampleRecordings()[0]! }], { hostUrl: local.url, trust, floors });
      expect(JSON.stringify(late)).toContain("denied-policy-floor");

      // The host hands the wide policy over, with its one approval: the enclave ends rather than start with it.
      await local.close();
      const wide = decodeApproved(new Uint8Array(readFileSync(at("wide.cbor"))));
      const log: string[] = [];
      const restarts: string[] = [];
      const refused = startLocal({
        data: at("data"),
        port: 0,
        given: { ...given!, bundle: wide },
        logger: { level: "warn", write: (line) => void log.push(line) },
        events: { progress: () => {}, restarting: (reason) => void restarts.push(reason) },
        readyWithinMs: 12_000,
      });
      await expect(refused).rejects.toMatchObject({ code: "host-not-ready" });
      expect(log.join("")).toContain("the enclave answered boot-refused");
      expect(restarts[0]).toBe("exit code 1");
    } finally {
      await local.close();
    }
  }, 120_000);
});

describe("up and simulate", () => {
  it.each(["up", "simulate"])("%s takes all of a deployment, or nothing of it", async (command) => {
    const { stderr } = await expectCall(EXIT.usage, command, "--constitution", at("constitution.cose"), "--data", at("nothing"));
    expect(stderr).toContain("--constitution, --bundle and --status-list go together");
    const words = [command, "--constitution", at("constitution.cose"), "--bundle", at("bundle.draft"), "--status-list", at("bundle.cbor")];
    expect((await expectCall(EXIT.malformed, ...words, "--data", at("nothing"))).stderr).toContain("bundle.draft");
  });
});

describe("succession", () => {
  it("takes the old constitution's quorum, and lists what has to follow", async () => {
    rewrite("constitution.json", "next.json", ['"person": "cyn", "role": "hospital"', '"person": "cyn", "role": "insurer"']);
    const old = ["--predecessor", at("constitution.cose")];
    const succeed = ["constitution", "succeed", at("next.json"), ...old, "--key", at("dan.pem"), "--out", at("next.cose")];
    const made = await expectCall(EXIT.ok, ...succeed, "--trust", at("data/trust.json"), "--json");
    const { changes } = JSON.parse(made.stdout) as { changes: { what: string; where: string }[] };
    expect(changes.map(({ what }) => what)).toEqual(["pcr16", "bundle", "status-list", "trust-file", "draining"]);

    const sign = (who: string): string[] => [
      "constitution",
      "approve",
      at("next.cose"),
      ...old,
      "--key",
      at(`${who}.pem`),
      "--out",
      at("next.approvals"),
    ];
    const judge = ["constitution", "verify", at("next.cose"), ...old, "--approvals", at("next.approvals")];
    await expectCall(EXIT.ok, ...sign("ada"));
    await expectCall(EXIT.ok, ...sign("ada"));
    expect((await expectCall(EXIT.contraindicated, ...judge)).stdout).toContain("constitution-succession");
    await expectCall(EXIT.ok, ...sign("dan"));
    await expectCall(EXIT.ok, ...sign("cyn"));
    expect((await expectCall(EXIT.ok, ...judge)).stdout).toContain("What has to follow");
    // the successor follows nothing else, and an old bundle does not stand under it
    await expectCall(
      EXIT.contraindicated,
      "constitution",
      "approve",
      at("constitution.cose"),
      "--predecessor",
      at("next.cose"),
      "--key",
      at("ada.pem"),
      "--out",
      at("x"),
    );
    const { stdout } = await expectCall(EXIT.contraindicated, "policy", "verify", at("approved.cbor"), "--constitution", at("next.cose"));
    expect(stdout).toContain("bundle-constitution");
  });
});
