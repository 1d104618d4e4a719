import { createPrivateKey, sign } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseTrustFile } from "@caladrius/attestation-verifier";
import { createSubmitterKey, submit, type SubmitterKey } from "@caladrius/client";
import { makeSampleRecordings } from "@caladrius/client/samples";
import { encodeApproved, encodeRelease, encodeStatement, toHex } from "@caladrius/wire";
import { afterAll, beforeAll, expect, it } from "vitest";
import { EXIT } from "./exit.ts";
import { startLocal, type Local } from "./local.ts";
import { call } from "./test-support/call.ts";

/** The commands of a section of a document, word by word. */
function commandsOf(section: string): string[][] {
  const text = readFileSync(new URL("../docs/for-hospital-security.md", import.meta.url), "utf8");
  const [, body = ""] = text.split(`## ${section}\n`);
  const [own = ""] = body.split("\n## ");
  const blocks = [...own.matchAll(/```sh\n([^`]*)```/g)].flatMap(([, lines = ""]) => lines.trim().split("\n"));
  return blocks.map((line) =>
    [...line.replace(/^npx caladrius /, "").matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? ""),
  );
}

let local: Local;
let key: SubmitterKey;
const folder = mkdtempSync(join(tmpdir(), "caladrius-kill-"));
const at = (name: string): string => join(folder, name);
const deployed = (name: string): string => join(folder, "data", "deployment", name);

beforeAll(async () => {
  local = await startLocal({ data: at("data"), port: 0, logger: null, events: { progress: () => {}, restarting: () => {} } });
  key = await createSubmitterKey();
  const approver = createPrivateKey(readFileSync(deployed("approver.key.pem")));
  const pcrs = [1, 2, 3].map((byte) => new Uint8Array(48).fill(byte));
  const release = encodeRelease({
    version: 1,
    name: "caladrius",
    softwareVersion: "0.0.9",
    pcrs: [{ pcr0: pcrs[0]!, pcr1: pcrs[1]!, pcr2: pcrs[2]! }],
    imageDigest: new Uint8Array(48).fill(4),
    sourceCommit: "0123456789abcdef0123456789abcdef01234567",
    sbomDigest: null,
    notes: "An old one.",
  });
  const statement = encodeStatement("release", "Ed25519", release, (bytes) => new Uint8Array(sign(null, bytes, approver)));
  writeFileSync(at("old.release"), encodeApproved({ statement, approvals: [] }));
}, 120_000);
afterAll(async () => {
  await local.close();
  rmSync(folder, { recursive: true, force: true });
});

async function denialOf(): Promise<string | null> {
  const [recording] = makeSampleRecordings();
  if (recording === undefined) throw new Error("no sample");
  const trust = parseTrustFile(readFileSync(local.simulator.trust, "utf8"));
  const [outcome] = await submit([{ recording }], { hostUrl: local.url, trust, key, level: "findings" });
  if (outcome?.status !== "verified") throw outcome?.problem ?? new Error("no result");
  if (outcome.file !== null && !existsSync(at("result.attested"))) writeFileSync(at("result.attested"), outcome.file);
  return outcome.verdict?.claims?.disclosed.denial ?? null;
}

it("the commands that stop and restore something do what docs/for-hospital-security.md says", async () => {
  const files: Readonly<Record<string, string>> = {
    "constitution.cose": deployed("constitution.cose"),
    "status.key.pem": deployed("status.key.pem"),
    "status-list.cbor": deployed("status-list.cbor"),
    "me.pem": deployed("approver.key.pem"),
    "trust.json": local.simulator.trust,
    "http://127.0.0.1:8470": local.url,
  };
  const commands = commandsOf("Stop it");
  expect(commands.map(([group, name]) => `${group} ${name}`)).toEqual([
    "status new",
    "status revoke",
    "status revoke",
    "status revoke",
    "status revoke",
    "status show",
    "status restore",
    "status approve",
    "status publish",
    "status renew",
    "verify result.attested",
  ]);
  expect(await denialOf()).toBeNull();
  await sleep(1100); // what was made in the second of a revocation counts as made after it
  let number = await inForce();
  for (const words of commands) {
    const named = words.map(
      (word) => files[word] ?? (/^[a-z-]+\.(cbor|release|attested)$/.test(word) ? at(word) : word.length === 64 ? toHex(key.keyId) : word),
    );
    const ran = await call(...named, "--json");
    if (words[0] === "verify") {
      // the submitter's key is still revoked, from a time after this result
      expect([ran.code, JSON.parse(ran.stdout)]).toEqual([EXIT.ok, expect.objectContaining({ status: "warning" })]);
      expect(JSON.parse(ran.stdout)).toMatchObject({ claims: { statusList: { number } } });
      expect((JSON.parse(ran.stdout) as { notChecked: string[] }).notChecked).not.toContain("lifecycle");
      continue;
    }
    expect([words.join(" "), ran.code, ran.stderr]).toEqual([words.join(" "), EXIT.ok, ""]);
    if (["revoke", "publish", "renew"].includes(words[1] ?? "")) expect(await inForce()).toBe(++number);
    if (words.includes("--signer")) expect(await denialOf()).toBe("denied-revoked");
  }
  expect(await (await fetch(`${local.url}/readyz`)).json()).toMatchObject({ statusList: { fresh: true, number } });
});

async function inForce(): Promise<number> {
  const { statusList } = (await (await fetch(`${local.url}/readyz`)).json()) as { statusList: { number: number } };
  return statusList.number;
}
