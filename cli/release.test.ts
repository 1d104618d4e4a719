import { createHash, createPublicKey } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ADA, approverOf, BEN, CYN, foundConstitution, testConstitution } from "@caladrius/attestation-verifier/generate/test-approvals.ts";
import { makeGovernedResult } from "@caladrius/attestation-verifier/generate/test-governed.ts";
import { pcr } from "@caladrius/attestation-verifier/generate/test-pki.ts";
import { ed25519TestKey } from "@caladrius/attestation-verifier/generate/test-keys.ts";
import { encodeMetadata, FIXED_BUILD_TIME, writeCpio, writeEif, type CpioEntry } from "@caladrius/image";
import { decodeApproved, encodeApproved, toHex } from "@caladrius/wire";
import { afterAll, describe, expect, it } from "vitest";
import { EXIT } from "./exit.ts";
import { call } from "./test-support/call.ts";

const folder = mkdtempSync(join(tmpdir(), "caladrius-release-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string): string => join(folder, name);
const put = (name: string, content: Uint8Array | string, mode = 0o644): string => {
  writeFileSync(at(name), content, { mode });
  return at(name);
};
const pem = (name: string, key: typeof ADA): string => put(name, key.export({ format: "pem", type: "pkcs8" }), 0o600);
const keys = { ada: pem("ada.pem", ADA), cyn: pem("cyn.pem", CYN), ben: pem("ben.pem", BEN), eve: pem("eve.pem", ed25519TestKey("eve")) };

// ben is of the hospital, with a key file here: passkeys are tested in a browser
const { quorums } = testConstitution();
const approvers = [
  approverOf("ada", "vendor", ADA),
  approverOf("ben", "hospital", BEN),
  approverOf("cyn", "insurer", CYN),
  approverOf("cyn", "auditor", CYN),
];
const founded = foundConstitution(testConstitution({ approvers, quorums }));
const constitution = put("constitution.cose", founded.statement);
const set = (fill: number): string =>
  JSON.stringify({ Measurements: { PCR0: toHex(pcr(fill)), PCR1: toHex(pcr(fill + 1)), PCR2: toHex(pcr(fill + 2)) } });
const made = [
  "--pcrs",
  put("pcrs.json", set(0x10)),
  "--image-digest",
  "1e".repeat(48),
  "--sbom-digest",
  "5b".repeat(48),
  "--commit",
  "0123abc",
];
const release = (...words: string[]): ReturnType<typeof call> => call("release", ...words);
const state = (out: string, ...words: string[]): ReturnType<typeof call> => stateAs(keys.ada, "1.0.0", out, ...made, ...words);
const stateAs = (key: string, version: string, out: string, ...words: string[]): ReturnType<typeof call> =>
  release("new", "--constitution", constitution, "--key", key, "--version", version, "--out", out, ...words);
const approve = (file: string, key: string, ...words: string[]): ReturnType<typeof call> =>
  release("approve", file, "--constitution", constitution, "--key", key, ...words);
const check = (file: string, ...words: string[]): ReturnType<typeof call> =>
  release("verify", file, "--constitution", constitution, ...words);

describe("caladrius release", () => {
  const file = at("one.release");

  it("states a release, gathers approvals in one file, and says who is missing", async () => {
    const stated = await state(file, "--notes", "First.\nWith \u202enothing hidden.");
    expect(stated).toMatchObject({
      code: EXIT.ok,
      stdout: expect.stringContaining("missing   1 more of role vendor, 1 more of role hospital") as string,
    });
    expect(stated.stdout).not.toContain("\u202e");
    expect((await check(file)).code).toBe(EXIT.contraindicated);
    const first = await approve(file, keys.ada);
    expect(first).toMatchObject({ code: EXIT.ok, stdout: expect.stringContaining("approved by ada, vendor") as string });
    expect(first.stdout).toContain("missing   1 more of role hospital");
    expect((await approve(file, keys.ben)).stdout).toContain("complete");
    const { code, stdout } = await check(file);
    expect(code).toBe(EXIT.ok);
    expect(stdout).toMatch(
      /release +caladrius 1\.0\.0\n[^]*PCR0 +(10){48}\n[^]*First\.\n[^]*stated by +ada, vendor\napproved +ada, vendor, .*with a key file\napproved +ben, hospital/,
    );
  });

  it("counts no approval twice, and says so", async () => {
    const before = readFileSync(file);
    const again = await approve(file, keys.ada);
    expect(again).toMatchObject({ code: EXIT.ok, stdout: expect.stringContaining("unchanged") as string });
    expect(readFileSync(file)).toEqual(before);
  });

  it("takes over approvals of another copy, and none of another release", async () => {
    const [left, right] = [at("left.release"), at("right.release")];
    await state(left);
    writeFileSync(right, readFileSync(left));
    await approve(left, keys.ada);
    await approve(right, keys.ben);
    const merge = (from: string): ReturnType<typeof call> => release("approve", left, "--constitution", constitution, "--merge", from);
    expect((await merge(right)).stdout).toContain("complete");
    expect((await merge(right)).stdout).toContain("unchanged");
    expect((await check(left)).code).toBe(EXIT.ok);
    expect(await merge(file)).toMatchObject({ code: EXIT.usage, stderr: expect.stringContaining("another release") as string });
  });

  it("asks in which role somebody approves who has several, and refuses strangers", async () => {
    expect(await approve(file, keys.cyn)).toMatchObject({
      code: EXIT.usage,
      stderr: expect.stringContaining("cyn, insurer; cyn, auditor") as string,
    });
    expect((await approve(file, keys.cyn, "--role", "insurer")).stdout).toContain("approved by cyn, insurer");
    expect((await approve(file, keys.cyn, "--role", "vendor")).code).toBe(EXIT.usage);
    expect(await approve(file, keys.eve)).toMatchObject({ code: EXIT.usage, stderr: expect.stringContaining("nobody") as string });
    expect((await stateAs(keys.eve, "1.0.0", at("eve.release"), ...made)).code).toBe(EXIT.usage);
    expect((await release("approve", file, "--constitution", constitution)).code).toBe(EXIT.usage);
  });

  it("--json says the same to programs", async () => {
    const { stdout } = await check(file, "--json");
    expect(JSON.parse(stdout)).toMatchObject({
      complete: true,
      softwareVersion: "1.0.0",
      sourceCommit: "0123abc",
      author: { person: "ada", role: "vendor" },
      missing: [],
    });
    expect((JSON.parse(stdout) as { approvedBy: object[] }).approvedBy[0]).toMatchObject({ person: "ada", role: "vendor", by: "key" });
  });

  it("lists a folder, with what is open and what is none", async () => {
    const list = at("list");
    mkdirSync(list);
    writeFileSync(join(list, "a.release"), readFileSync(file));
    await state(join(list, "b.release"));
    writeFileSync(join(list, "c.release"), "no release");
    writeFileSync(join(list, "notes.txt"), "");
    const { code, stdout } = await release("list", list, "--constitution", constitution);
    expect(code).toBe(EXIT.malformed);
    expect(stdout.split("\n").map((line) => line.split(/\s+/)[0])).toEqual(["approved", "open", "refused", ""]);
    expect(stdout).toContain("nobody; missing 1 more of role vendor");
    expect((await release("list", at("absent"), "--constitution", constitution)).code).toBe(EXIT.unreachable);
  });

  it("explains what changed", async () => {
    const next = at("next.release");
    await stateAs(keys.ada, "1.1.0", next, ...made, "--notes", "Second.");
    const same = await release("explain", file, next);
    expect(same).toMatchObject({ code: EXIT.ok, stdout: expect.stringContaining("measurements stay") as string });
    expect(same.stdout).toMatch(/version\n {2}- 1\.0\.0\n {2}\+ 1\.1\.0/);
    const other = at("other.release");
    const moved = ["--pcrs", put("other.json", set(0x20)), "--image-digest", "1f".repeat(48), "--commit", "0123abc"];
    await stateAs(keys.ada, "1.0.0", other, ...moved);
    const { code, stdout } = await release("explain", file, other);
    expect(code).toBe(EXIT.contraindicated);
    expect(stdout).toMatch(/SBOM digest\n {2}- (5b){48}\n {2}\+ none[^]*set of PCR0, 1 and 2\n {2}- 0:(10){48}[^]*measurements move/);
    expect((await release("explain", file, file)).stdout).toContain("both say the same");
  });

  it("says what ends a release", async () => {
    const { code, stdout } = await release(
      "revoke",
      file,
      "--constitution",
      constitution,
      "--reason",
      "CVE",
      "--since",
      "2026-11-21T00:00:00Z",
      "--json",
    );
    expect(code).toBe(EXIT.ok);
    expect(JSON.parse(stdout)).toMatchObject({
      release: { images: [toHex(pcr(0x10))], lifecycle: "revoked" },
      revocation: { what: "release", since: 1_795_219_200, reason: "CVE" },
    });
  });

  it("refuses what is no release, one of other approvers, and wrong use", async () => {
    expect((await check(constitution)).code).toBe(EXIT.malformed);
    const { statement } = decodeApproved(readFileSync(file));
    const flipped = statement.map((byte, i) => (i === statement.length - 1 ? byte ^ 1 : byte));
    expect((await check(put("bad.release", encodeApproved({ statement: flipped, approvals: [] })))).code).toBe(EXIT.contraindicated);
    expect((await state(file)).code).toBe(EXIT.unreachable); // it exists
    expect((await state(at("x.release"), "--eif", file)).code).toBe(EXIT.usage);
    expect(
      (
        await stateAs(
          keys.ada,
          "1",
          at("x.release"),
          "--commit",
          "x",
          "--image-digest",
          "00".repeat(48),
          "--pcrs",
          put("short.json", '{"Measurements":{"PCR0":"00"}}'),
        )
      ).stderr,
    ).toContain("no PCR0");
    expect(
      (await stateAs(keys.ada, "1", at("x.release"), "--commit", "x", "--image-digest", "00".repeat(48), "--pcrs", put("none.json", "{")))
        .stderr,
    ).toContain("is no JSON");
  });
});

describe("caladrius approver new", () => {
  it("makes a key that nobody else can read, and the constitution's entry for it", async () => {
    const out = at("new.pem");
    const { code, stdout } = await call("approver", "new", "--person", "dan", "--role", "hospital", "--out", out, "--json");
    expect(code).toBe(EXIT.ok);
    expect(statSync(out).mode & 0o777).toBe(0o600);
    const raw = createPublicKey(readFileSync(out)).export({ format: "der", type: "spki" }).subarray(-32);
    expect(JSON.parse(stdout)).toEqual({ person: "dan", role: "hospital", key: { alg: "Ed25519", key: toHex(raw) }, passkey: null, out });
    expect((await call("approver", "new", "--person", "dan", "--role", "hospital", "--out", out)).code).toBe(EXIT.unreachable);
    expect((await call("approver", "new", "--person", "dan", "--role", "hospital")).code).toBe(EXIT.usage);
    expect((await call("approver", "new", "--person", "dan", "--role", "hospital", "--out", out, "--passkey")).code).toBe(EXIT.usage);
  });
});

describe("a release of an image", () => {
  /** An image of a few hundred bytes whose manifest is true, but for what it says itself. */
  const image = (name: string, unreproducible: string[], program = "// program\n", kernel = new Uint8Array(64).fill(1)): string => {
    const data = Buffer.from(program);
    const listed = {
      path: "/app/enclave.mjs",
      sha256: createHash("sha256").update(data).digest("hex"),
      bytes: data.length,
      origin: "bundle",
    };
    const manifest = { version: 1, architecture: "x86_64", files: [listed], unreproducible, bundleInputs: [] };
    const file = (path: string, content: Uint8Array): CpioEntry => ({ kind: "file", path, mode: 0o644, data: content });
    const entries: CpioEntry[] = [
      file("cmd", Buffer.from("/app/enclave.mjs\n")),
      file("env", Buffer.from("TZ=UTC\n")),
      ...["rootfs", "rootfs/app"].map((path): CpioEntry => ({ kind: "directory", path, mode: 0o755, data: new Uint8Array(0) })),
      file("rootfs/app/enclave.mjs", data),
      file("rootfs/app/manifest.json", Buffer.from(JSON.stringify(manifest))),
    ];
    const metadata = {
      imageName: "x",
      imageVersion: "1",
      buildTime: FIXED_BUILD_TIME,
      buildTool: "test",
      buildToolVersion: "1",
      operatingSystem: "Linux",
      kernelVersion: "6",
    };
    const boot = writeCpio([file("init", Buffer.from("process 1"))]);
    return put(
      name,
      writeEif({
        architecture: "x86_64",
        kernel,
        cmdline: Buffer.from("quiet"),
        metadata: encodeMetadata(metadata),
        ramdisks: [boot, writeCpio(entries)],
      }),
    );
  };
  const fromImage = (out: string, ...words: string[]): ReturnType<typeof call> =>
    stateAs(keys.ada, "2.0.0", at(out), "--commit", "0123abc", "--json", ...words);
  const digest = (bytes: Uint8Array): string => createHash("sha384").update(bytes).digest("hex");

  it("is stated with a warning where a placeholder stands for the kernel", async () => {
    const kernel = new Uint8Array(Buffer.from("CALADRIUS PLACEHOLDER: no kernel was given to the builder; this image does not boot.\n"));
    const { code, stderr } = await fromImage("unbootable.release", "--eif", image("unbootable.eif", [], "// program\n", kernel));
    expect([code, stderr]).toEqual([EXIT.ok, expect.stringMatching(/^look at +.*unbootable\.eif: kernel: none was given, .*cannot boot/)]);
    expect(await fromImage("bootable.release", "--eif", image("bootable.eif", []))).toMatchObject({ code: EXIT.ok, stderr: "" });
  });

  it("is measured, with the digests of image and bill of materials", async () => {
    const eif = image("good.eif", []);
    const bom = await call("image", "sbom", eif, "--out", at("sbom.json"));
    expect(bom.code).toBe(EXIT.ok);
    const { code, stdout, stderr } = await fromImage("image.release", "--eif", eif);
    expect([code, stderr]).toEqual([EXIT.ok, ""]);
    const { Measurements } = JSON.parse((await call("image", "measure", eif, "--json")).stdout) as { Measurements: Record<string, string> };
    const { PCR0: pcr0, PCR1: pcr1, PCR2: pcr2 } = Measurements;
    expect(JSON.parse(stdout)).toMatchObject({
      pcrs: [{ pcr0, pcr1, pcr2 }],
      imageDigest: digest(readFileSync(eif)),
      sbomDigest: digest(readFileSync(at("sbom.json"))),
    });
    const second = image("second.eif", [], "// another\n");
    const both = JSON.parse((await fromImage("both.release", "--eif", eif, "--eif", second)).stdout) as {
      pcrs: object[];
      imageDigest: string;
    };
    expect(both.pcrs).toHaveLength(2);
    const each = [eif, second].map((path) => Buffer.from(digest(readFileSync(path)), "hex"));
    expect(both.imageDigest).toBe(digest(Buffer.concat(each)));
    const explained = await release("explain", at("image.release"), at("both.release"), "--eif", eif, "--eif", second);
    expect(explained).toMatchObject({ code: EXIT.contraindicated, stdout: expect.stringContaining("app/enclave.mjs") as string });
    expect((await release("explain", at("image.release"), at("both.release"), "--eif", eif)).code).toBe(EXIT.usage);
  });

  it("is refused where others cannot rebuild the image, unless that is said", async () => {
    const eif = image("odd.eif", ["libraries of another distribution"]);
    const refused = await fromImage("odd.release", "--eif", eif);
    expect([refused.code, refused.stdout]).toEqual([EXIT.usage, expect.stringContaining("libraries of another distribution")]);
    const allowed = await fromImage("odd.release", "--eif", eif, "--allow-unreproducible");
    expect(allowed).toMatchObject({ code: EXIT.ok, stderr: expect.stringContaining("libraries of another distribution") as string });
    expect((await fromImage("x.release", "--eif", eif, "--image-digest", "00".repeat(48))).code).toBe(EXIT.usage);
    expect((await fromImage("x.release", "--eif", put("no.eif", "no image"))).code).toBe(EXIT.malformed);
  });
});

describe("from nothing to an approved release", () => {
  it("takes what `approver new` prints into a constitution as it is", async () => {
    const make = async (person: string, role: string): Promise<[string, object]> => {
      const out = at(`${person}-new.pem`);
      return [out, JSON.parse((await call("approver", "new", "--person", person, "--role", role, "--out", out)).stdout) as object];
    };
    const [vendorKey, vendor] = await make("dan", "vendor");
    const [hospitalKey, hospital] = await make("eve", "hospital");
    const both = { vendor: 1, hospital: 1 };
    const description = {
      name: "from nothing",
      notBefore: "2020-01-01T00:00:00Z",
      notAfter: "2099-01-01T00:00:00Z",
      approvers: [vendor, hospital],
      quorums: { bundle: both, release: both, fleet: both, succession: both, status: both },
      statusKeys: [(vendor as { key: object }).key],
      auditorKeys: [],
      kms: null,
      log: null,
    };
    const file = at("nothing.cose");
    expect(
      (await call("constitution", "new", put("nothing.json", JSON.stringify(description)), "--key", vendorKey, "--out", file)).code,
    ).toBe(EXIT.ok);
    const released = at("nothing.release");
    const under = ["--constitution", file];
    expect((await release("new", ...made, ...under, "--key", vendorKey, "--version", "1", "--out", released)).code).toBe(EXIT.ok);
    for (const key of [vendorKey, hospitalKey]) expect((await release("approve", released, ...under, "--key", key)).code).toBe(EXIT.ok);
    expect((await release("verify", released, ...under)).stdout).toMatch(/approved +dan, vendor[^]*approved +eve, hospital[^]*complete/);
  });
});

describe("a result with a release", () => {
  const result = makeGovernedResult();
  const trust = put("approved.json", result.trust("approved"));
  const bare = put("bare.attested", result.bare);
  const source = put("source.release", encodeApproved(result.source));

  it("gets its release attached, and `verify` says who approved", async () => {
    expect((await call("verify", bare, "--trust", trust)).stdout).toContain("release-missing");
    const out = at("attached.attested");
    const attached = await release("attach", bare, "--release", source, "--trust", trust, "--out", out);
    expect(attached).toMatchObject({ code: EXIT.ok, stdout: expect.stringContaining("its code is caladrius 0.1.0") as string });
    expect(new Uint8Array(readFileSync(out))).toEqual(result.bytes);
    const { code, stdout } = await call("verify", out, "--trust", trust, "--checks");
    expect(code).toBe(EXIT.ok);
    expect(stdout).toMatch(/release +caladrius 0\.1\.0, [0-9a-f]{16}…, commit 0123456789abcdef\S+, SBOM (5b){48} \(from the result file\)/);
    expect(stdout).toMatch(/approved +ada, vendor, .* with a key file\napproved +ben, hospital, .* with a passkey/);
    expect(stdout).toContain("The release was approved by those whom the constitution asks");
    expect((await call("show", out, "--trust", trust)).stdout).toMatch(/approved +ben, hospital[^]*subject +pseudonym-1/);
    expect((await call("show", out, "--trust", trust, "--fhir")).code).toBe(EXIT.ok);
    const json = JSON.parse((await call("verify", out, "--trust", trust, "--json")).stdout) as { claims: { release: object } };
    expect(json.claims.release).toMatchObject({ from: "result file", author: { person: "ada", role: "vendor" } });
    expect((await release("attach", out, "--release", source, "--trust", trust)).code).toBe(EXIT.unreachable); // it has one
  });

  it("is not written with a release that is not approved", async () => {
    const [ada = new Uint8Array(0)] = result.source.approvals;
    const alone = put("alone.release", encodeApproved({ ...result.source, approvals: [ada] }));
    const refused = await release("attach", bare, "--release", alone, "--trust", trust, "--out", at("never.attested"));
    expect(refused).toMatchObject({ code: EXIT.contraindicated, stdout: expect.stringContaining("was not written") as string });
    expect(() => statSync(at("never.attested"))).toThrow("ENOENT");
    const plain = put(
      "plain.json",
      JSON.stringify({ ...(JSON.parse(result.trust([])) as object), constitution: undefined, releases: [], pcrs: [] }),
    );
    expect((await release("attach", bare, "--release", source, "--trust", plain)).code).toBe(EXIT.usage);
  });

  it("is shown by `trust show`, and compared by `trust diff`", async () => {
    expect((await call("trust", "show", trust)).stdout).toMatch(/results +accepted[^]*approvers +test[^]*any that comes with a result/);
    const one = put("named.json", result.trust([result.source], { quorum: [{ role: "vendor", threshold: 1 }] }));
    expect((await call("trust", "show", one)).stdout).toMatch(
      /release +caladrius 0\.1\.0: ada, vendor; ben, hospital\n[^]*demands +1 of role vendor/,
    );
    const { code, stdout } = await call("trust", "diff", one, trust);
    expect([code, stdout]).toEqual([EXIT.contraindicated, expect.stringMatching(/\+ releases approved[^]*accepts more/)]);
  });

  it("is refused with its code when the trust file asks for less than the constitution", async () => {
    const lax = put("lax.json", result.trust("approved", { quorum: [{ role: "state", threshold: 1 }] }));
    expect(await call("verify", bare, "--trust", lax)).toMatchObject({
      code: EXIT.contraindicated,
      stderr: expect.stringContaining("trust-quorum") as string,
    });
  });
});
