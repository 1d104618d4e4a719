import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildImage, encodeMetadata, FIXED_BUILD_TIME, measureEif, readEif, writeEif, type Explanation } from "@caladrius/image";
import { toHex } from "@caladrius/wire";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EXIT } from "./exit.ts";
import { call } from "./test-support/call.ts";

const folder = mkdtempSync(join(tmpdir(), "caladrius-images-"));
const at = (name: string): string => join(folder, name);
const ENTRIES = join(import.meta.dirname, "../image/application/fixtures");

// Two real builds: the tiny program, and the same with a line more.
beforeAll(async () => {
  const first = await buildImage({ entry: join(ENTRIES, "echo.ts") });
  writeFileSync(at("a.eif"), first.eif);
  const second = await buildImage({ entry: join(ENTRIES, "echo-changed.ts"), cmdline: "quiet" });
  writeFileSync(at("b.eif"), second.eif);
  // Most needs no Node of 120 MB: the boot part alone, under two names, and with a byte of the label changed.
  const small = bootPart(first.eif, "0.1.0");
  writeFileSync(at("small.eif"), small);
  writeFileSync(at("renamed.eif"), bootPart(first.eif, "0.2.0"));
  const broken = Uint8Array.from(small);
  broken[Buffer.from(small).lastIndexOf('"ImageVersion":"0') + 16] = "1".charCodeAt(0);
  writeFileSync(at("broken.eif"), broken);
  const { pcr0, pcr1, pcr2 } = measureEif(first.eif);
  const pcrs = [{ 0: toHex(pcr0), 1: toHex(pcr1), 2: toHex(pcr2), 16: "ab".repeat(48) }];
  writeFileSync(at("trust.json"), JSON.stringify({ roots: ["aws-nitro-root-g1"], pcrs }));
  writeFileSync(at("none.eif"), "not an image");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function bootPart(image: Uint8Array, imageVersion: string): Uint8Array {
  const { architecture, kernel, cmdline, ramdisks, metadata } = readEif(image);
  const label = encodeMetadata({ ...metadata, imageVersion, buildTime: FIXED_BUILD_TIME });
  return writeEif({ architecture, kernel, cmdline, ramdisks: ramdisks.slice(0, 1), metadata: label });
}

describe("caladrius image diff", () => {
  it("says what differs in a few lines, and exits with 10", async () => {
    const { code, stdout } = await call("image", "diff", at("a.eif"), at("b.eif"));
    expect(code).toBe(EXIT.contraindicated);
    expect(stdout).toMatch(/^other measurements: PCR0, PCR1 and PCR2 move\n/);
    expect(stdout).toMatch(/^~ {2}kernel command line /m);
    expect(stdout).toMatch(/^~ {2}ramdisk 2, rootfs\/app\/enclave.mjs +.*first at byte \d/m);
    expect(stdout).not.toContain("usr/bin/node");
  });

  it("exits with 0 for the same bytes, and for bytes that nothing measures", async () => {
    expect(await call("image", "diff", at("small.eif"), at("small.eif"))).toMatchObject({
      code: EXIT.ok,
      stdout: "identical: the same bytes\n",
    });
    const renamed = await call("image", "diff", at("small.eif"), at("renamed.eif"));
    expect(renamed).toMatchObject({ code: EXIT.ok });
    expect(renamed.stdout).toMatch(/^same measurements: the bytes differ.*\n~ {2}metadata .* not measured\n$/);
  });

  it("compares an image that hardware would refuse, and says so", async () => {
    const { code, stdout } = await call("image", "diff", at("small.eif"), at("broken.eif"));
    expect(code).toBe(EXIT.ok);
    expect(stdout).toMatch(/^! B is refused where images are read with care: .*\(eif-crc\)/m);
  });

  it("names the file that is no image", async () => {
    const { code, stderr } = await call("image", "diff", at("small.eif"), at("none.eif"));
    expect(code).toBe(EXIT.malformed);
    expect(stderr).toContain(`${at("none.eif")}: `);
  });
});

describe("caladrius image explain", () => {
  it("tells packages, sources, registers, what has to follow, and writes the page", async () => {
    const { code, stdout } = await call("image", "explain", at("a.eif"), at("b.eif"), "--trust", at("trust.json"), "--html", at("x.html"));
    expect(code).toBe(EXIT.contraindicated);
    for (const text of [
      "+  image/application/fixtures/echo-changed.ts",
      "kms:RecipientAttestation:ImageSha384",
      "set 1: A only (B has another PCR0, PCR1 and PCR2)",
      "if PCR16 fits too, which no image tells",
      "PCR17: the policy bundle",
      "  + quiet",
    ])
      expect(stdout).toContain(text);
    expect(readFileSync(at("x.html"), "utf8")).toContain("echo-changed.ts");
    expect((await call("image", "explain", at("small.eif"), at("small.eif"), "--html", at("x.html"))).code).toBe(EXIT.unreachable);
  });

  it("gives all of it as one JSON object", async () => {
    const { code, stdout } = await call("image", "explain", at("small.eif"), at("renamed.eif"), "--json");
    const { verdict, metadata, packages } = JSON.parse(stdout) as Explanation;
    expect([code, verdict, packages]).toEqual([EXIT.ok, "unmeasured", null]);
    expect(metadata).toEqual([{ field: "ImageVersion", a: '"0.1.0"', b: '"0.2.0"' }]);
  });
});

describe("caladrius image sbom", () => {
  it("lists Node, libraries and source of a real image, the same each time", async () => {
    const { code, stdout } = await call("image", "sbom", at("a.eif"));
    expect(code).toBe(EXIT.ok);
    const { components } = JSON.parse(stdout) as { components: { name: string; purl?: string; version?: string }[] };
    expect(components.find(({ name }) => name.startsWith("node-linux-"))?.purl).toMatch(/^pkg:npm\/node-linux-\w+@24\./);
    expect(components.map(({ name }) => name)).toEqual(expect.arrayContaining(["linux", "init", "the enclave program"]));
    expect((await call("image", "sbom", at("a.eif"), "--out", at("bom.json"))).code).toBe(EXIT.ok);
    const digest = (text: string | Uint8Array): string => createHash("sha256").update(text).digest("hex");
    expect(digest(readFileSync(at("bom.json")))).toBe(digest(stdout));
  });

  it.each([
    ["an image of others, without a manifest", "small.eif"],
    ["an image whose checksum is wrong", "broken.eif"],
    ["what is no image", "none.eif"],
  ])("refuses %s and writes nothing", async (_what, name) => {
    expect((await call("image", "sbom", at(name), "--out", at("never.json"))).code).toBe(EXIT.malformed);
    expect(existsSync(at("never.json"))).toBe(false);
  });
});
