import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { encodeMetadata, FIXED_BUILD_TIME, IMAGE_CODE, measureEif, nitroMeasurements, writeCpio, writeEif } from "@caladrius/image";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EXIT } from "./exit.ts";
import { call } from "./test-support/call.ts";

const FIXTURES = new URL("../../shared/fixtures/eif/", import.meta.url);
const present = existsSync(FIXTURES);
interface Expected {
  expect: string;
  measurements?: Record<string, string>;
}
const expected = present ? (JSON.parse(readFileSync(new URL("expected.json", FIXTURES), "utf8")) as Record<string, Expected>) : {};
const hasOpenssl = spawnSync("openssl", ["version"]).status === 0;

let folder = "";
let own = "";
let pcrs: Readonly<Record<string, string>> = {};
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "caladrius-image-"));
  own = join(folder, "own.eif");
  const eif = writeEif({
    architecture: "x86_64",
    kernel: new Uint8Array(100),
    cmdline: new Uint8Array(10),
    metadata: encodeMetadata({
      imageName: "own",
      imageVersion: "7",
      buildTime: FIXED_BUILD_TIME,
      buildTool: "test",
      buildToolVersion: "1",
      operatingSystem: "Linux",
      kernelVersion: "6",
    }),
    ramdisks: [new Uint8Array(512), writeCpio([{ kind: "file", path: "cmd", mode: 0o644, data: new TextEncoder().encode("/app\n") }])],
  });
  writeFileSync(own, eif);
  pcrs = nitroMeasurements(measureEif(eif));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("image measure", () => {
  it("prints nitro-cli's JSON, and the same on one line", async () => {
    const { code, stdout, stderr } = await call("image", "measure", own);
    expect([code, stderr]).toEqual([EXIT.ok, ""]);
    expect(stdout).toBe(`${JSON.stringify({ Measurements: pcrs }, null, 2)}\n`);
    expect(Object.keys(pcrs)).toEqual(["HashAlgorithm", "PCR0", "PCR1", "PCR2"]);
    expect((await call("image", "measure", own, "--json")).stdout).toBe(`${JSON.stringify({ Measurements: pcrs })}\n`);
  });

  it.skipIf(!present).each(Object.entries(expected))("gives PCRs or a code: %s", async (name, { expect: verdict, measurements }) => {
    const { code, stdout } = await call("image", "measure", new URL(name, FIXTURES).pathname, "--json");
    if (verdict === "accept") {
      expect(code).toBe(EXIT.ok);
      expect(JSON.parse(stdout)).toEqual({ Measurements: measurements });
      return;
    }
    expect(code).toBe(name.startsWith("v") ? EXIT.unsupported : EXIT.malformed);
    expect(Object.keys(IMAGE_CODE)).toContain((JSON.parse(stdout) as { code: string }).code);
  });

  it("says when there is no such file, or it is a folder", async () => {
    expect(await call("image", "measure", join(folder, "none"))).toMatchObject({ code: EXIT.unreachable });
    expect(await call("image", "measure", folder)).toMatchObject({
      code: EXIT.unreachable,
      stderr: expect.stringContaining("it is a folder") as string,
    });
  });
});

describe("what has no end", () => {
  it.each(["describe", "sbom", "diff", "explain"])("is not read as an image: %s", async (command) => {
    const images = command === "diff" || command === "explain" ? [own, "/dev/zero"] : ["/dev/zero"];
    const { code, stderr } = await call("image", command, ...images);
    expect([code, stderr]).toEqual([EXIT.usage, expect.stringContaining("/dev/zero is no plain file")]);
  });

  it("is read up to the limit of what it is read as", async () => {
    const { code, stderr } = await call("image", "build", "--from", folder, "--init", "/dev/zero", "--out", join(folder, "none.eif"));
    expect([code, stderr]).toEqual([EXIT.malformed, expect.stringContaining("it goes on after 268435456 bytes")]);
  });
});

describe("image describe", () => {
  it("tells sections, files, memory, and why a ramdisk's files are not listed", async () => {
    const { code, stdout } = await call("image", "describe", own);
    expect(code).toBe(EXIT.ok);
    for (const text of ["kernel    548     100", pcrs["PCR0"], "own 7", "0644  5  cmd", "cpio-", "131 MiB in QEMU", "signature  none"])
      expect(stdout).toContain(text);
    const told = JSON.parse((await call("image", "describe", own, "--json")).stdout) as { ramdisks: unknown[]; memory: unknown };
    expect(told.ramdisks[1]).toMatchObject({ reason: null, files: [{ path: "cmd", kind: "file", mode: "0644", bytes: 5 }] });
    expect(told.ramdisks[0]).toMatchObject({ files: null });
    expect(told.memory).toEqual({ nitroBytes: 4 * readFileSync(own).length, qemuBytes: 3 * (512 + 512) + 130 * 2 ** 20 });
  });

  it.skipIf(!present)("tells the signer", async () => {
    const { stdout } = await call("image", "describe", new URL("ok-signed.eif", FIXTURES).pathname);
    expect(stdout).toContain("ES384 by CN=eif test signer, valid 2026-01-01 to 2046-01-01");
    expect(stdout).toContain("rootfs/bin/app");
  });
});

describe("image verify", () => {
  const verify = async (...words: string[]): Promise<{ code: number; json: Record<string, unknown> }> => {
    const { code, stdout } = await call("image", "verify", own, ...words, "--json");
    return { code, json: JSON.parse(stdout) as Record<string, unknown> };
  };
  const trustFile = (pcrSet: Record<string, string>): string => {
    const file = join(folder, "trust.json");
    writeFileSync(file, JSON.stringify({ roots: ["aws-nitro-root-g1"], pcrs: [pcrSet] }));
    return file;
  };
  const set = (): Record<string, string> => ({ "0": pcrs["PCR0"] ?? "", "1": pcrs["PCR1"] ?? "", "2": pcrs["PCR2"] ?? "" });

  it("says when nothing was expected", async () => {
    expect(await verify()).toMatchObject({ code: EXIT.ok, json: { status: "warning", notChecked: ["expected", "metadata"] } });
    expect((await call("image", "verify", own)).stdout).toContain("give --pcr0 or --trust");
  });

  it("accepts what is expected and names what differs", async () => {
    const words = ["--pcr0", pcrs["PCR0"] ?? "", "--pcr2", pcrs["PCR2"] ?? "", "--pcr8", "00".repeat(48)];
    expect(await verify(...words)).toMatchObject({ code: EXIT.ok, json: { expected: ["PCR0", "PCR2", "PCR8"] } });
    const other = "11".repeat(48);
    expect(await verify("--pcr0", pcrs["PCR0"] ?? "", "--pcr1", other)).toMatchObject({
      code: EXIT.contraindicated,
      json: { status: "contraindicated", code: "image-pcr", differences: [{ pcr: "PCR1", expected: other, actual: pcrs["PCR1"] }] },
    });
    expect(await call("image", "verify", own, "--pcr0", "11")).toMatchObject({ code: EXIT.usage });
  });

  it("asks a trust file for a whole set", async () => {
    expect(await verify("--trust", trustFile({ ...set(), "16": "22".repeat(48) }))).toMatchObject({
      code: EXIT.ok,
      json: { notChecked: ["PCR16", "metadata"] },
    });
    expect(await verify("--trust", trustFile({ ...set(), "8": "22".repeat(48) }))).toMatchObject({
      code: EXIT.contraindicated,
      json: { code: "image-trust", differences: [{ pcr: "PCR8" }] },
    });
    expect(await verify("--trust", trustFile({ ...set(), "2": "22".repeat(48) }))).toMatchObject({ code: EXIT.contraindicated });
  });

  it("calls a broken file malformed", async () => {
    const broken = join(folder, "broken.eif");
    writeFileSync(broken, readFileSync(own).subarray(0, -1));
    expect(await call("image", "verify", broken)).toMatchObject({
      code: EXIT.malformed,
      stderr: expect.stringContaining("eif-truncated") as string,
    });
  });
});

describe.skipIf(!hasOpenssl)("image sign (with openssl)", () => {
  const pem = (name: string): string => join(folder, name);
  beforeAll(() => {
    for (const [name, curve] of [
      ["p384", "P-384"],
      ["p256", "P-256"],
    ] as const) {
      const words = `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:${curve} -nodes -subj /CN=${name} -days 30 -keyout ${pem(name)}.key -out ${pem(name)}.crt`;
      execFileSync("openssl", words.split(" "), { stdio: "ignore" });
    }
  });
  const sign = (name: string, file: string, out: string, ...more: string[]): ReturnType<typeof call> =>
    call("image", "sign", file, "--key", `${pem(name)}.key`, "--cert", `${pem(name)}.crt`, "--out", out, ...more);

  it("writes an image that verifies, with the other registers as before", async () => {
    const out = pem("signed.eif");
    const { code, stdout, stderr } = await sign("p384", own, out);
    expect([code, stderr]).toEqual([EXIT.ok, `wrote ${out}: PCR8 names the certificate, the other registers are as before\n`]);
    const { Measurements } = JSON.parse(stdout) as { Measurements: Record<string, string> };
    expect(Measurements).toEqual({ ...pcrs, PCR8: expect.stringMatching(/^[0-9a-f]{96}$/) as string });
    expect((await call("image", "verify", out, "--pcr8", Measurements["PCR8"] ?? "")).stdout).toContain("CN=p384");
    expect((await call("image", "measure", out)).stdout).toBe(stdout);
    expect(await sign("p384", own, out)).toMatchObject({ code: EXIT.unreachable, stderr: expect.stringContaining("--force") as string });
    expect(await sign("p384", out, pem("again.eif"))).toMatchObject({
      code: EXIT.malformed,
      stderr: expect.stringMatching(/signed\.eif: .*; --replace drops it \(sign-signed\)/) as string,
    });
    expect(await sign("p384", out, pem("again.eif"), "--replace")).toMatchObject({ code: EXIT.ok });
  });

  it("refuses a changed signature as not genuine", async () => {
    const out = pem("changed.eif");
    await sign("p384", own, out);
    const signed = readFileSync(out);
    // The last octet of the signature is the file's last byte; written as an integer it stays one.
    signed[signed.length - 1] = (signed.at(-1) ?? 0) ^ 1;
    signed.writeUInt32BE(crc32(signed.subarray(548), crc32(signed.subarray(0, 544))), 544);
    writeFileSync(out, signed);
    const { code, stdout } = await call("image", "verify", out, "--json");
    expect([code, JSON.parse(stdout)]).toMatchObject([EXIT.contraindicated, { code: "eif-signature-invalid" }]);
  });

  it("names a curve that it does not sign with", async () => {
    expect(await sign("p256", own, pem("no.eif"))).toMatchObject({
      code: EXIT.malformed,
      stderr: expect.stringMatching(/p256\.key: .*prime256v1/) as string,
    });
    expect(existsSync(pem("no.eif"))).toBe(false);
  });

  it("refuses a key that others may read, and blames the file that is wrong", async () => {
    const out = pem("refused.eif");
    chmodSync(pem("p384.key"), 0o640);
    const open = await sign("p384", own, out);
    expect(open).toMatchObject({ code: EXIT.usage, stderr: expect.stringMatching(/0640[^]*chmod 600 /) as string });
    chmodSync(pem("p384.key"), 0o600);
    const swapped = await call("image", "sign", own, "--key", pem("p384.key"), "--cert", pem("p256.crt"), "--out", out);
    expect(swapped).toMatchObject({ code: EXIT.malformed, stderr: expect.stringMatching(/^caladrius: .*p256\.crt: /) as string });
    expect(existsSync(out)).toBe(false);
  });
});
