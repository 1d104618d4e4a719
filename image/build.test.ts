import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bundleProgram } from "./application/bundle.ts";
import { COMMAND } from "./application/command.ts";
import type { Image } from "./build.ts";
import { buildImage } from "./build.ts";
import { compileInit } from "./boot/compile.ts";
import { measureEif } from "./eif/measure.ts";
import { readEif } from "./eif/read.ts";
import { parseLines } from "./ramdisk/application.ts";
import type { CpioEntry } from "./ramdisk/entry.ts";
import { readCpio } from "./ramdisk/read.ts";

const ROOT = path.join(import.meta.dirname, "..");
const ENTRY = path.join(ROOT, "image/application/fixtures/echo.ts");
const PROGRAM = path.join(ROOT, "enclave/main.ts");
const OWN_INIT = new TextEncoder().encode("an init with /rootfs/run/caladrius in it");
const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

describe("buildImage", () => {
  let folder: string;
  let image: Image;
  let files: Map<string, CpioEntry>;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "image-test-"));
    image = await buildImage({ entry: ENTRY });
    files = new Map(readCpio(image.applicationRamdisk).map((entry) => [entry.path, entry]));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it("gives the same bytes twice, and an EIF that measures as it says", async () => {
    const again = await buildImage({ entry: ENTRY });
    expect(sha256(again.eif)).toBe(sha256(image.eif));
    expect(measureEif(image.eif)).toEqual(image.measurements);
    expect(readEif(image.eif).ramdisks.map((r) => r.length % 4)).toEqual([0, 0]);
  });

  it("says what placeholders stand for, and PCR2 does not depend on them", async () => {
    expect(image.bootable).toBe(false);
    expect(image.placeholders.some((sentence) => sentence.startsWith("kernel: "))).toBe(true);
    const steps: string[] = [];
    const real = await buildImage({
      entry: ENTRY,
      kernel: new Uint8Array(64),
      init: OWN_INIT,
      cmdline: "  quiet\n",
      onProgress: (step) => steps.push(step),
    });
    expect([real.bootable, real.placeholders]).toEqual([true, []]);
    expect(real.measurements.pcr2).toEqual(image.measurements.pcr2);
    expect(real.measurements.pcr1).not.toEqual(image.measurements.pcr1);
    expect(Buffer.from(readEif(real.eif).cmdline).toString()).toBe("quiet");
    expect(steps).toEqual(["bundle", "init", "application", "eif", "measure"]);
  });

  it("is refused with an init that does not serve the program's sockets", async () => {
    const init = new TextEncoder().encode("/run/caladrius alone is not it");
    await expect(buildImage({ entry: ENTRY, init })).rejects.toMatchObject({ name: "ConfigurationError", code: "init-not-ours" });
  });

  it.skipIf(!existsSync("/usr/bin/cc"))("takes the init that it compiles as one that is given (needs cc)", async () => {
    const { init } = await compileInit();
    const given = await buildImage({ entry: ENTRY, init: init ?? new Uint8Array(0) });
    expect(sha256(given.eif)).toBe(sha256(image.eif));
  });

  it("takes an equal build from the cache, and none that is damaged", async () => {
    const first = await buildKept(folder);
    const second = await buildKept(folder);
    expect([first.cached, second.cached]).toEqual([false, true]);
    expect(sha256(second.image.eif)).toBe(sha256(first.image.eif));
    expect({ ...second.image.measurements, manifest: second.image.manifest, why: second.image.placeholders }).toEqual({
      ...first.image.measurements,
      manifest: first.image.manifest,
      why: first.image.placeholders,
    });
    for (const name of await readdir(folder)) if (name.endsWith(".eif")) await truncate(path.join(folder, name), 1000);
    expect((await buildKept(folder)).cached).toBe(false);
  });

  it("holds Node, its libraries, the program, its manifest, and nothing else", () => {
    const plain = [...files.values()].filter((entry) => entry.kind !== "directory").map((entry) => entry.path);
    const expected = [
      /^cmd$/,
      /^env$/,
      /^rootfs\/app\/enclave\.mjs$/,
      /^rootfs\/app\/manifest\.json$/,
      /^rootfs\/usr\/bin\/node$/,
      /^rootfs\/lib(64)?\/([a-z0-9_]+-linux-gnu\/)?[A-Za-z0-9_+-]+\.so(\.\d+)*$/,
    ];
    expect(plain.filter((name) => !expected.some((pattern) => pattern.test(name)))).toEqual([]);
    expect(parseLines(files.get("cmd")?.data ?? new Uint8Array(0))).toEqual(COMMAND);
    for (const flag of ["--permission", "--frozen-intrinsics", "--disallow-code-generation-from-strings"]) expect(COMMAND).toContain(flag);
  });

  it("lists every file with digest, size and origin, and names no path of this machine", () => {
    const listed = new Map(image.manifest.files.map((entry) => [`rootfs${entry.path}`, entry]));
    for (const [name, entry] of files) {
      if (entry.kind === "directory" || !name.startsWith("rootfs/") || name === "rootfs/app/manifest.json") continue;
      expect(listed.get(name)).toMatchObject({ sha256: sha256(entry.data), bytes: entry.data.length });
      listed.delete(name);
    }
    expect([...listed.keys()]).toEqual([]);
    expect(image.manifest.files.map((entry) => entry.origin)).toContain(`npm node-linux-${process.arch}@24.21.0`);
    const manifest = Buffer.from(files.get("rootfs/app/manifest.json")?.data ?? []).toString();
    expect(JSON.parse(manifest)).toEqual(image.manifest);
    expect(manifest + Buffer.from(files.get("rootfs/app/enclave.mjs")?.data ?? []).toString()).not.toContain(ROOT);
  });

  it("takes Node from the lock file's package, whatever PATH says", async () => {
    const path_ = process.env["PATH"];
    await writeFile(path.join(folder, "node"), "#!/bin/sh\nexit 1\n", { mode: 0o755 });
    process.env["PATH"] = `${folder}:${path_ ?? ""}`;
    try {
      expect((await buildImage({ entry: ENTRY })).measurements.pcr2).toEqual(image.measurements.pcr2);
    } finally {
      process.env["PATH"] = path_;
    }
  });
});

async function buildKept(cacheDir: string): Promise<{ image: Image; cached: boolean }> {
  const steps: string[] = [];
  const image = await buildImage({ entry: ENTRY, cacheDir, onProgress: (step) => steps.push(step) });
  return { image, cached: steps.includes("cached") };
}

describe("the bundle", () => {
  it("is refused when the program imports host, client or simulator", async () => {
    for (const entry of ["nitro-sim/index.ts", "image/index.ts"]) {
      await expect(bundleProgram(ROOT, path.join(ROOT, entry))).rejects.toMatchObject({
        code: expect.stringMatching(/^bundle-(input|failed)$/),
      });
    }
  });

  it("is refused when something cannot be resolved", async () => {
    await expect(bundleProgram(ROOT, path.join(ROOT, "enclave/no-such-file.ts"))).rejects.toMatchObject({ code: "bundle-failed" });
  });

  it.skipIf(!existsSync(PROGRAM))("of the enclave holds its own sources and pinned packages alone", async () => {
    const { code, files, inputs } = await bundleProgram(ROOT, PROGRAM);
    expect(files.map(({ name, origin }) => `${name} ${origin}`)).toEqual(["cedar_wasm_bg.wasm npm @cedar-policy/cedar-wasm@4.13.0"]);
    expect(COMMAND[COMMAND.indexOf("--cedar") + 1]).toBe("/app/cedar_wasm_bg.wasm");
    expect(inputs.filter(({ path: input }) => !/^(wire|attestation-verifier|policies|enclave|node_modules)\//.test(input))).toEqual([]);
    expect(inputs.filter(({ origin }) => origin !== "source" && !/^npm (@[^@]+|[^@]+)@\d+\.\d+\.\d+$/.test(origin))).toEqual([]);
    const imports = [
      ...Buffer.from(code)
        .toString()
        .matchAll(/^import .*? from "([^"]+)";$/gm),
    ].map((match) => match[1]);
    expect(imports.filter((name) => !name?.startsWith("node:"))).toEqual([]);
  });
});
