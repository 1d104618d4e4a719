import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, unlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { HERE } from "../assemble.ts";
import { buildImage } from "../build.ts";
import { measureEif } from "../eif/measure.ts";
import { readCpio } from "../ramdisk/read.ts";
import { unpackEntries } from "../ramdisk/unpack.ts";
import { buildForeignImage } from "./build.ts";
import { readSource } from "./read.ts";
import { archive, dockerFiles, ociFiles, tar } from "./test-support/archives.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), "foreign-test-"));
  chmodSync(folder, 0o755);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const INIT = Buffer.from("somebody's init");
const KERNEL = Buffer.from("a kernel");
const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
const digestOf = async (from: string): Promise<string> => sha256((await buildForeignImage({ from, init: INIT, kernel: KERNEL })).eif);
const layers = (name: string): Buffer[] => [
  tar([
    { name: "./bin/app", data: "one", mode: 0o755 },
    { name: "etc/", type: "5" },
  ]),
  tar([{ name: `etc/${name}` }]),
];

describe("buildForeignImage", () => {
  it("measures as it says, and gives one file for one program in any form", async () => {
    const [oci, docker, laid] = ["oci.tar", "docker.tar", "laid"].map((name) => path.join(folder, name)) as [string, string, string];
    writeFileSync(oci, archive(ociFiles(layers("x"))));
    writeFileSync(docker, archive(dockerFiles(layers("x"))));
    mkdirSync(path.join(laid, "rootfs/etc"), { recursive: true });
    mkdirSync(path.join(laid, "rootfs/bin"), { recursive: true });
    writeFileSync(path.join(laid, "rootfs/bin/app"), "one", { mode: 0o700 });
    writeFileSync(path.join(laid, "rootfs/etc/x"), "", { mode: 0o600 });
    writeFileSync(path.join(laid, "cmd"), "/bin/app\n");
    writeFileSync(path.join(laid, "env"), "A=1\n");
    const image = await buildForeignImage({ from: oci, init: INIT, kernel: KERNEL });
    expect(measureEif(image.eif)).toEqual(image.measurements);
    expect([image.bootable, image.placeholders, image.warnings]).toEqual([true, [], []]);
    expect([await digestOf(docker), await digestOf(laid)]).toEqual([sha256(image.eif), sha256(image.eif)]);
    writeFileSync(oci, archive(ociFiles(layers("y"))));
    expect(await digestOf(oci)).not.toBe(sha256(image.eif));
  });

  it("gives the same file in another folder, at another time and to another user", async () => {
    const [here, there] = [path.join(folder, "here.tar"), path.join(folder, "another place", "there.tar")];
    writeFileSync(here, archive(ociFiles(layers("x"))));
    mkdirSync(path.dirname(there));
    writeFileSync(there, readFileSync(here));
    utimesSync(there, 1, 1);
    const script = `
      import { buildForeignImage } from ${JSON.stringify(path.join(import.meta.dirname, "build.ts"))};
      import { createHash } from "node:crypto";
      const bytes = (text) => new TextEncoder().encode(text);
      const { eif } = await buildForeignImage({ from: ${JSON.stringify(there)}, init: bytes(${JSON.stringify(INIT.toString())}), kernel: bytes(${JSON.stringify(KERNEL.toString())}) });
      console.log(createHash("sha256").update(eif).digest("hex"));`;
    const other = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
    const built = execFileSync(process.execPath, ["--input-type=module", "-e", script], {
      ...other,
      cwd: path.dirname(there),
      env: { PATH: "/usr/bin:/bin", HOME: "/nonexistent", TZ: "Pacific/Kiritimati", LC_ALL: "tr_TR.UTF-8", SOURCE_DATE_EPOCH: "1" },
    });
    expect(built.toString().trim()).toBe(await digestOf(here));
  });

  it("makes our own application ramdisk again from where it was unpacked", async () => {
    const own = await buildImage({ entry: path.join(import.meta.dirname, "../application/fixtures/echo.ts") });
    const place = path.join(folder, "unpacked");
    mkdirSync(place);
    await unpackEntries(readCpio(own.applicationRamdisk), place);
    const again = await buildForeignImage({ from: place, init: INIT });
    expect(again.measurements.pcr2).toEqual(own.measurements.pcr2);
  });
});

const canBuild = process.getuid?.() === 0 && existsSync("/usr/bin/buildah");

describe.skipIf(!canBuild)("images of buildah (needs root and buildah)", () => {
  const buildah = (...args: string[]): string =>
    execFileSync(
      "buildah",
      ["--storage-driver", "vfs", "--root", path.join(folder, "storage"), "--runroot", path.join(folder, "run"), ...args],
      {
        stdio: ["ignore", "pipe", "pipe"],
      },
    )
      .toString()
      .trim();

  it("are read in every form it writes, with what a second layer removes and replaces", async () => {
    const first = buildah("from", "scratch");
    const lower = buildah("mount", first);
    mkdirSync(path.join(lower, "usr/bin"), { recursive: true });
    mkdirSync(path.join(lower, "etc/gone"), { recursive: true });
    writeFileSync(path.join(lower, "usr/bin/app"), "one", { mode: 0o755 });
    writeFileSync(path.join(lower, "etc/gone/x"), "x");
    writeFileSync(path.join(lower, "etc/old"), "old");
    writeFileSync(path.join(lower, `etc/${"Grüße".repeat(30)}`), "long");
    execFileSync("ln", ["-s", "usr/bin", path.join(lower, "bin")]);
    execFileSync("ln", [path.join(lower, "usr/bin/app"), path.join(lower, "usr/bin/linked")]);
    buildah("config", "--cmd", '["/usr/bin/app", "--serve"]', "--env", "PATH=/usr/bin", first);
    buildah("commit", "--quiet", first, "lower");
    const second = buildah("from", "lower");
    const upper = buildah("mount", second);
    rmSync(path.join(upper, "etc/gone"), { recursive: true });
    unlinkSync(path.join(upper, "etc/old"));
    writeFileSync(path.join(upper, "usr/bin/app"), "another"); // of another length: buildah compares no contents, and times by the second
    writeFileSync(path.join(upper, "etc/new"), "new");
    buildah("commit", "--quiet", second, "upper");

    const digests = new Set<string>();
    for (const form of ["oci-archive", "docker-archive", "oci"]) {
      const place = path.join(folder, form);
      buildah("push", "--quiet", "upper", `${form}:${place}`);
      const { cmd, env, rootfs } = await readSource(place, HERE);
      expect([cmd, env]).toEqual([["/usr/bin/app", "--serve"], ["PATH=/usr/bin"]]);
      expect(
        rootfs
          .filter(({ kind }) => kind !== "directory")
          .map((entry) => `${entry.path} ${entry.mode.toString(8)} ${Buffer.from(entry.data).toString()}`)
          .toSorted(),
      ).toEqual([
        "bin 777 usr/bin",
        `etc/${"Grüße".repeat(30)} 644 long`,
        "etc/new 644 new",
        "usr/bin/app 755 another",
        "usr/bin/linked 755 another",
      ]);
      expect(rootfs.map((entry) => entry.path)).not.toContain("etc/gone");
      digests.add(await digestOf(place));
    }
    expect(digests.size).toBe(1);
  });
});
