import { createHash, generateKeyPairSync, sign } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeDevelopmentConstitution, type DevelopmentSigner } from "@caladrius/policies/development";
import { approvedBytes, encodeApproval, encodeApproved, encodeRelease, encodeStatement, toHex } from "@caladrius/wire";
import { afterAll, describe, expect, it } from "vitest";
import { EXIT } from "./exit.ts";
import { call } from "./test-support/call.ts";

const folder = mkdtempSync(join(tmpdir(), "caladrius-key-policy-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const NOW = 1_800_000_000;
const ROLE = "arn:aws:iam::111122223333:role/enclave-host";
const sha384 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash("sha384").update(bytes).digest());
const approver = newSigner();
const constitution = makeDevelopmentConstitution({ nowSeconds: NOW, approver, statusKey: newSigner().publicKey, name: "test" });
const digest = sha384(constitution);
const pcr16 = toHex(sha384(Buffer.concat([new Uint8Array(48), digest])));
const release = encodeStatement("release", "Ed25519", encodeRelease(releaseOf(1, 2)), approver.sign);

const at = {
  constitution: put("constitution.cose", constitution),
  release: put("release.cbor", encodeApproved({ statement: release, approvals: [approvalOf(release)] })),
  unapproved: put("unapproved.cbor", encodeApproved({ statement: release, approvals: [] })),
  policy: join(folder, "policy.json"),
};
const policy = (...words: string[]): ReturnType<typeof call> => call("kms", "policy", "--constitution", at.constitution, ...words);

describe("caladrius kms policy and kms lint", () => {
  it("writes a policy for each set of an approved release, which lints clean against its sets", async () => {
    const written = await policy("--release", at.release, "--role", ROLE, "--fleet", "north", "--out", at.policy);
    expect(written).toMatchObject({ code: EXIT.ok, stdout: expect.stringContaining("wrote") as string });
    expect(written.stderr).toContain("nobody can change this policy");
    const text = readFileSync(at.policy, "utf8");
    for (const fill of [1, 2]) expect(text).toContain(`"kms:RecipientAttestation:PCR0": "${hex(fill)}"`);
    expect(text.split(`"kms:RecipientAttestation:PCR16": "${pcr16}"`)).toHaveLength(3);
    expect(text).toContain(`"kms:EncryptionContext:caladrius-constitution": "${toHex(digest)}"`);
    expect(text).toContain('"kms:EncryptionContext:caladrius-fleet": "north"');

    const trust = putTrust("trust.json", [1, 2]);
    const lint = await call("kms", "lint", at.policy, "--trust", trust, "--context-key", "caladrius-fleet");
    expect(lint).toMatchObject({ code: EXIT.ok, stdout: expect.stringContaining("clean") as string });
    expect((await policy("--release", at.release, "--role", ROLE, "--out", at.policy)).code).toBe(EXIT.unreachable); // it exists
  });

  it("says what another policy lets out, with what to do, and exits 10", async () => {
    const loose = readFileSync(at.policy, "utf8").replaceAll(
      /"kms:RecipientAttestation:PCR16": "[0-9a-f]+"/g,
      '"aws:SecureTransport": "true"',
    );
    const file = put("loose.json", Buffer.from(loose));
    const text = await call("kms", "lint", file);
    expect(text).toMatchObject({ code: EXIT.contraindicated, stdout: expect.stringContaining("constitution-missing") as string });
    const { code, stdout } = await call("kms", "lint", file, "--json", "--trust", putTrust("other.json", [3]));
    const { status, warnings } = JSON.parse(stdout) as { status: string; warnings: { code: string; severity: string; fix: string }[] };
    expect([code, status]).toEqual([EXIT.contraindicated, "warnings"]);
    expect(warnings[0]).toMatchObject({ severity: "high", fix: expect.stringMatching(/\S/) as string });
    expect(warnings.map((one) => one.code)).toEqual(expect.arrayContaining(["constitution-missing", "set-missing"]));
  });

  it("takes a trust file's sets, and refuses one of another constitution", async () => {
    const { code, stdout } = await policy("--trust", putTrust("own.json", [4]), "--role", ROLE, "--json");
    expect(code).toBe(EXIT.ok);
    expect(stdout).toContain(hex(4));
    const foreign = await policy("--trust", putTrust("foreign.json", [4], hex(9)), "--role", ROLE);
    expect(foreign).toMatchObject({ code: EXIT.usage, stderr: expect.stringContaining("another PCR16") as string });
  });

  it("refuses releases without their quorum, and wrong use", async () => {
    const short = await policy("--release", at.unapproved, "--role", ROLE);
    expect(short).toMatchObject({ code: EXIT.contraindicated, stderr: expect.stringContaining("fleet-quorum") as string });
    expect((await policy("--role", ROLE)).code).toBe(EXIT.usage);
    expect((await policy("--release", at.release, "--role", "arn:aws:iam::111122223333:user/x")).code).toBe(EXIT.usage);
    expect((await policy("--release", at.constitution, "--role", ROLE)).code).toBe(EXIT.malformed);
    expect((await call("kms", "lint", put("none.json", Buffer.from("{")))).code).toBe(EXIT.malformed);
    expect((await call("kms", "lint", join(folder, "absent.json"))).code).toBe(EXIT.unreachable);
  });
});

function put(name: string, bytes: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

function putTrust(name: string, fills: readonly number[], sixteen = pcr16): string {
  const pcrs = fills.map((fill) => ({ "0": hex(fill), "1": hex(fill), "2": hex(fill), "16": sixteen }));
  return put(
    name,
    Buffer.from(JSON.stringify({ roots: ["aws-nitro-root-g1"], pcrs, allowDebug: false, allowSimulator: false, maxAgeSeconds: 300 })),
  );
}

function hex(fill: number): string {
  return toHex(new Uint8Array(48).fill(fill));
}

function releaseOf(...fills: number[]): Parameters<typeof encodeRelease>[0] {
  const pcr = (fill: number): Uint8Array => new Uint8Array(48).fill(fill);
  return {
    version: 1,
    name: "caladrius",
    softwareVersion: "0.1.0",
    pcrs: fills.map((fill) => ({ pcr0: pcr(fill), pcr1: pcr(fill), pcr2: pcr(fill) })),
    imageDigest: pcr(7),
    sourceCommit: "abc",
    sbomDigest: null,
    notes: "",
  };
}

function approvalOf(statement: Uint8Array): Uint8Array {
  const payload = encodeApproval({
    kind: "release",
    digest: sha384(approvedBytes("release", digest, statement)),
    person: "developer",
    role: "development",
    at: NOW,
  });
  return encodeStatement("approval", "Ed25519", payload, approver.sign);
}

function newSigner(): DevelopmentSigner {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const key = new Uint8Array(publicKey.export({ format: "der", type: "spki" }).subarray(-32));
  return { publicKey: { alg: "Ed25519", key }, sign: (bytes) => sign(null, bytes, privateKey) };
}
