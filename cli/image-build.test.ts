import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { measureEif, parseLines, readCpio, readEif } from "@caladrius/image";
import { toHex } from "@caladrius/wire";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EXIT } from "./exit.ts";
import { call } from "./test-support/call.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), "image-build-"));
  mkdirSync(path.join(folder, "app/rootfs"), { recursive: true });
  writeFileSync(path.join(folder, "app/rootfs/app"), "a program", { mode: 0o755 });
  writeFileSync(path.join(folder, "app/cmd"), "/app\n--flag\n");
  writeFileSync(path.join(folder, "init"), "somebody's init");
  writeFileSync(path.join(folder, "kernel"), "a kernel");
  writeFileSync(path.join(folder, "nsm.ko"), "a module");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const at = (name: string): string => path.join(folder, name);
const foreign = (out: string): string[] => ["image", "build", "--from", at("app"), "--init", at("init"), "--out", at(out)];

describe("image build --from", () => {
  it("writes an image of somebody's program and prints its measurements as nitro-cli does", async () => {
    const { code, stdout, stderr } = await call(
      ...foreign("a.eif"),
      "--kernel",
      at("kernel"),
      "--nsm-module",
      at("nsm.ko"),
      "--cmdline",
      " quiet\n",
    );
    expect(code).toBe(EXIT.ok);
    const bytes = readFileSync(at("a.eif"));
    const { pcr0, pcr1, pcr2 } = measureEif(bytes);
    expect(JSON.parse(stdout)).toEqual({
      Measurements: { HashAlgorithm: "Sha384 { ... }", PCR0: toHex(pcr0), PCR1: toHex(pcr1), PCR2: toHex(pcr2) },
    });
    expect(stderr).not.toContain("warning");
    expect(stderr).toContain("image: measure");
    const { kernel, cmdline, ramdisks, metadata } = readEif(bytes);
    expect([Buffer.from(kernel).toString(), Buffer.from(cmdline).toString()]).toEqual(["a kernel", "quiet"]);
    const [boot = [], application = []] = ramdisks.map((ramdisk) => readCpio(ramdisk));
    expect(boot.map((entry) => entry.path)).toEqual(["dev", "init", "nsm.ko"]);
    expect(application.map((entry) => entry.path)).toContain("rootfs/app");
    expect(parseLines(application.find((entry) => entry.path === "cmd")?.data ?? new Uint8Array(0))).toEqual(["/app", "--flag"]);
    expect(metadata).toMatchObject({ imageName: "foreign", buildTime: "1970-01-01T00:00:00Z" });
  });

  it("says in both forms what a placeholder stands for", async () => {
    const text = await call(...foreign("b.eif"));
    expect([text.code, text.stderr]).toEqual([EXIT.ok, expect.stringContaining("warning: kernel: none was given")]);
    const { code, stdout, stderr } = await call(...foreign("b.eif"), "--force", "--json");
    expect([code, stderr]).toEqual([EXIT.ok, ""]);
    expect(JSON.parse(stdout)).toMatchObject({
      image: at("b.eif"),
      bytes: readFileSync(at("b.eif")).length,
      bootable: false,
      placeholders: [expect.stringContaining("kernel")],
      warnings: [],
    });
  });

  it("overwrites nothing unasked, and leaves nothing behind when it fails", async () => {
    writeFileSync(at("c.eif"), "mine");
    expect(await call(...foreign("c.eif"))).toMatchObject({ code: EXIT.unreachable, stderr: expect.stringContaining("--force") as string });
    expect(readFileSync(at("c.eif"), "utf8")).toBe("mine");
    writeFileSync(at("broken.tar"), "no archive");
    const failed = await call("image", "build", "--from", at("broken.tar"), "--init", at("init"), "--out", at("d.eif"));
    expect([failed.code, failed.stderr]).toEqual([EXIT.malformed, expect.stringContaining("(source-form)")]);
    expect(existsSync(at("d.eif"))).toBe(false);
  });

  it("needs an init, and files that are there", async () => {
    const without = await call("image", "build", "--from", at("app"), "--out", at("e.eif"));
    expect([without.code, without.stderr]).toEqual([EXIT.usage, expect.stringContaining("--from needs --init FILE")]);
    const missing = await call("image", "build", "--from", at("none"), "--init", at("init"), "--out", at("e.eif"));
    expect([missing.code, missing.stderr]).toEqual([EXIT.unreachable, expect.stringContaining("there is no such file")]);
  });
});

describe("image build", () => {
  it("refuses to start our program with an init that relays nothing", async () => {
    const { code, stderr } = await call("image", "build", "--init", at("init"), "--out", at("f.eif"));
    expect([code, stderr]).toEqual([EXIT.usage, expect.stringContaining("it relays nothing")]);
  });

  it("builds our own image", async () => {
    const out = at("g.eif");
    const { code, stdout } = await call(
      "image",
      "build",
      "--offline",
      "--packages",
      at("packages"),
      "--kernel",
      at("kernel"),
      "--out",
      out,
      "--json",
    );
    expect(code).toBe(EXIT.ok);
    const { pcr0, pcr1, pcr2 } = measureEif(readFileSync(out));
    expect(JSON.parse(stdout)).toMatchObject({ Measurements: { PCR0: toHex(pcr0), PCR1: toHex(pcr1), PCR2: toHex(pcr2) }, image: out });
    const { kernel, metadata } = readEif(readFileSync(out));
    expect([Buffer.from(kernel).toString(), metadata]).toEqual(["a kernel", expect.objectContaining({ imageName: "caladrius" })]);
  });
});
