import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { concat, der, hex } from "@caladrius/attestation-verifier/generate/der.ts";
import { NOW_MS } from "@caladrius/attestation-verifier/generate/test-pki.ts";
import { makeResultFile, sha256 } from "@caladrius/attestation-verifier/generate/test-result.ts";
import { makeTimeStamp, timeAuthorityPem } from "@caladrius/attestation-verifier/generate/test-time-stamp.ts";
import { decodeResultFile, toHex } from "@caladrius/wire";
import { afterAll, describe, expect, it } from "vitest";
import { encodeTimeStampRequest, tokenOf } from "./time-stamp.ts";
import { call } from "./test-support/call.ts";

const folder = mkdtempSync(join(tmpdir(), "caladrius-time-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const path = (name: string): string => join(folder, name);
const write = (name: string, content: Uint8Array | string): string => {
  writeFileSync(path(name), content);
  return path(name);
};

const made = makeResultFile();
const digest = sha256(made.file.result);
const SECOND = 1000;
const token = makeTimeStamp({ digest, genTimeMs: NOW_MS + 90 * SECOND });
const response = (status: string, ...rest: Uint8Array[]): Uint8Array => der(0x30, der(0x30, hex(status)), ...rest);
const good = write("good.tsr", response("020100", token));
const trustWith = (timeAuthorities: readonly string[]): string =>
  JSON.stringify({ ...(JSON.parse(made.trust) as object), timeAuthorities });
const trust = write("trust.json", trustWith([timeAuthorityPem("P-384", "issuer")]));

describe("time query", () => {
  it("writes a query over SHA-256 of the result, another each time", async () => {
    const file = write("q.attested", made.bytes);
    const { code, stdout } = await call("time", "query", file, "--out", path("q1.tsq"), "--json");
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual({ file, query: path("q1.tsq"), digest: toHex(digest) });
    await call("time", "query", file, "--out", path("q2.tsq"));
    const [first, second] = ["q1.tsq", "q2.tsq"].map((name) => new Uint8Array(readFileSync(path(name))));
    const head = concat(hex("304a020101"), hex("3031300d060960864801650304020105000420"), digest, hex("0210"));
    expect(first?.subarray(0, head.length)).toEqual(head.with(1, (first?.length ?? 0) - 2));
    expect(first?.subarray(-3)).toEqual(hex("0101ff"));
    expect(first).toHaveLength(head.length + 16 + 3);
    expect(second).not.toEqual(first);
  });

  it("keeps what is there, and refuses what is no result file", async () => {
    const there = write("there.tsq", "mine");
    expect((await call("time", "query", write("k.attested", made.bytes), "--out", there)).code).toBe(3);
    expect(readFileSync(there, "utf8")).toBe("mine");
    expect((await call("time", "query", path("k.attested"), "--out", there, "--force")).code).toBe(0);
    expect((await call("time", "query", write("none.attested", "x"), "--out", path("none.tsq"))).code).toBe(30);
    expect(existsSync(path("none.tsq"))).toBe(false);
  });

  it("makes nonces that are positive and as long as they were", () => {
    for (const first of [0x00, 0x3f, 0x40, 0x80, 0xff]) {
      const request = encodeTimeStampRequest(new Uint8Array(32), Uint8Array.of(first, 1, 2, 3, 4, 5, 6, 7));
      const nonce = request.subarray(-11, -3);
      expect(nonce[0]).toBeGreaterThanOrEqual(0x40);
      expect(nonce[0]).toBeLessThan(0x80);
      expect(nonce.subarray(1)).toEqual(Uint8Array.of(1, 2, 3, 4, 5, 6, 7));
    }
  });
});

describe("time attach", () => {
  it.each([
    ["a response", good],
    ["a response with modifications", write("mods.tsr", response("020101", token))],
    ["a bare token", write("bare.tst", token)],
  ])("writes %s into the file, which then proves its time", async (_, answer) => {
    const file = write("a.attested", made.bytes);
    chmodSync(file, 0o600);
    const before = await call("verify", file, "--trust", trust, "--json");
    expect(JSON.parse(before.stdout)).toMatchObject({ status: "warning", code: "time-not-proved" });
    const { code, stdout } = await call("time", "attach", file, "--token", answer, "--trust", trust);
    expect(code).toBe(0);
    expect(stdout).toContain("wrote");
    expect(stdout).toContain("it existed at 2026-03-01T12:01:30.001Z at the latest, says TEST time-stamping authority P-384");
    expect(decodeResultFile(readFileSync(file))).toEqual({ ...made.file, timeEvidence: token });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const { stdout: after } = await call("verify", file, "--trust", trust, "--json");
    expect(JSON.parse(after)).toMatchObject({
      status: "affirming",
      claims: { provedTime: { authority: "TEST time-stamping authority P-384" } },
    });
  });

  it("writes a new file where one is named, and keeps the old", async () => {
    const file = write("b.attested", made.bytes);
    const out = path("b2.attested");
    const { code, stdout } = await call("time", "attach", file, "--token", good, "--trust", trust, "--out", out, "--json");
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ file: out, status: "affirming", written: true });
    expect(new Uint8Array(readFileSync(file))).toEqual(made.bytes);
    expect((await call("time", "attach", file, "--token", good, "--trust", trust, "--out", out)).code).toBe(3);
    expect((await call("time", "attach", file, "--token", good, "--trust", trust, "--out", out, "--force")).code).toBe(0);
  });

  it("replaces a time stamp only when told to", async () => {
    const later = makeTimeStamp({ digest, genTimeMs: NOW_MS + 100 * SECOND });
    const file = write("c.attested", makeResultFile({ file: { timeEvidence: later } }).bytes);
    const again = ["time", "attach", file, "--token", good, "--trust", trust];
    const { code, stderr } = await call(...again);
    expect(code).toBe(3);
    expect(stderr).toContain("has a time stamp already; --force replaces it");
    expect(decodeResultFile(readFileSync(file)).timeEvidence).toEqual(later);
    expect((await call(...again, "--force")).code).toBe(0);
    expect(decodeResultFile(readFileSync(file)).timeEvidence).toEqual(token);
  });

  it("keeps a result that was stamped late, as a warning", async () => {
    const late = write("late.tst", makeTimeStamp({ digest, genTimeMs: NOW_MS + 86_400 * SECOND }));
    const { code, stdout } = await call("time", "attach", write("d.attested", made.bytes), "--token", late, "--trust", trust, "--json");
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ status: "warning", code: "time-late", written: true });
  });

  const rejection = response(`02010230120c10${Buffer.from("policy not taken").toString("hex")}`);
  it.each<[string, number, string, string, string]>([
    [
      "a token of another result",
      10,
      "time-evidence-imprint",
      write("other.tst", makeTimeStamp({ digest: new Uint8Array(32), genTimeMs: NOW_MS })),
      trust,
    ],
    [
      "a token of another authority",
      10,
      "time-evidence-authority",
      write("p256.tst", makeTimeStamp({ digest, genTimeMs: NOW_MS, key: "P-256" })),
      trust,
    ],
    [
      "a forged token",
      30,
      "time-evidence-form",
      write("forged.tst", makeTimeStamp({ digest, genTimeMs: NOW_MS, edit: (p) => void (p.finishSignature = () => hex("00")) })),
      trust,
    ],
    [
      "a token from before the result",
      10,
      "time-evidence-early",
      write("early.tst", makeTimeStamp({ digest, genTimeMs: NOW_MS - 86_400 * SECOND })),
      trust,
    ],
    ["a rejection", 30, "an answer of status 2 (rejection): policy not taken", write("no.tsr", rejection), trust],
    ["a rejection without words", 30, "an answer of status 3 (waiting)", write("wait.tsr", response("020103")), trust],
    ["an unknown status", 30, "status -1 (unknown)", write("huge.tsr", response("02020100")), trust],
    ["a response without a token", 30, "without one token", write("empty.tsr", response("020100")), trust],
    ["a response with two tokens", 30, "without one token", write("two.tsr", response("020100", token, token)), trust],
    ["a response and more", 30, "not one time-stamp response", write("more.tsr", concat(response("020100", token), hex("0500"))), trust],
    ["something else in DER", 30, "neither a time-stamp response nor a token", write("else.tsr", der(0x30, hex("020100"))), trust],
    ["a status that is no number", 30, "neither a time-stamp response nor a token", write("odd.tsr", response("0c0100", token)), trust],
    ["an indefinite length", 30, "not DER", write("ber.tsr", hex("30800000")), trust],
    ["a cut response", 30, "not DER", write("cut.tsr", response("020100", token).subarray(0, 100)), trust],
    ["a length of 8 bytes", 30, "not DER", write("long.tsr", hex("30880000000000000001aa")), trust],
    ["nothing", 30, "not one time-stamp response", write("nothing.tsr", ""), trust],
    ["an answer that is too large", 30, "file-size", write("large.tsr", new Uint8Array(70_000)), trust],
    ["a trust file without authorities", 2, "names no timeAuthorities", good, write("none.json", trustWith([]))],
    [
      "a trust file for other enclaves",
      10,
      "measurement-mismatch",
      good,
      write("others.json", trustWith([timeAuthorityPem()]).replaceAll("1111", "2222")),
    ],
  ])("does not write %s", async (_, code, words, answer, trusted) => {
    const file = write("e.attested", made.bytes);
    const ended = await call("time", "attach", file, "--token", answer, "--trust", trusted);
    expect(ended.code).toBe(code);
    expect(ended.stdout + ended.stderr).toContain(words);
    expect(new Uint8Array(readFileSync(file))).toEqual(made.bytes);
  });
});

describe.skipIf(spawnSync("openssl", ["version"]).status !== 0)("with openssl (skipped where it is absent)", () => {
  it("asks what openssl understands, and takes what it answers", async () => {
    const openssl = (...words: string[]): string =>
      execFileSync("openssl", words, { cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
    write(
      "tsa.cnf",
      "[req]\ndistinguished_name=n\nprompt=no\n[n]\nCN=TSA\n[x]\nextendedKeyUsage=critical,timeStamping\n[t]\nserial=serial\ndefault_policy=1.2.3\ndigests=sha256\ness_cert_id_alg=sha256\n",
    );
    write("serial", "01\n");
    openssl(
      "req",
      "-new",
      "-x509",
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:P-256",
      "-nodes",
      "-keyout",
      "tsa.key",
      "-out",
      "tsa.pem",
      "-days",
      "9",
      "-config",
      "tsa.cnf",
      "-extensions",
      "x",
    );
    const file = write("o.attested", made.bytes);
    await call("time", "query", file, "--out", path("o.tsq"), "--force");
    expect(openssl("ts", "-query", "-in", "o.tsq", "-text")).toMatch(
      /Hash Algorithm: sha256[\s\S]*Nonce: 0x[4-7][\s\S]*Certificate required: yes/,
    );
    openssl(
      "ts",
      "-reply",
      "-queryfile",
      "o.tsq",
      "-signer",
      "tsa.pem",
      "-inkey",
      "tsa.key",
      "-config",
      "tsa.cnf",
      "-section",
      "t",
      "-sha256",
      "-out",
      "o.tsr",
    );
    const own = write("own.json", trustWith([readFileSync(path("tsa.pem"), "utf8").trim()]));
    const { code, stdout } = await call("time", "attach", file, "--token", path("o.tsr"), "--trust", own);
    expect(stdout).toContain("says TSA");
    expect(code).toBe(0); // late, as the test enclave's certificates have ended long since
    expect(decodeResultFile(readFileSync(file)).timeEvidence).toEqual(tokenOf(new Uint8Array(readFileSync(path("o.tsr")))));
  });
});
