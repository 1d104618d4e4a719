import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { chmod, cp, mkdir, mkdtemp, readdir, rm, symlink, utimes } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { buildImage, type Image } from "@caladrius/image";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const ROOT = path.join(import.meta.dirname, "../..");
/** The folders that a build reads, and the packages beside those in the bundle. */
const FOLDERS = ["attestation-verifier", "enclave", "image", "policies", "wire"];
const TOOLS = ["esbuild", `@esbuild/linux-${process.arch}`, `node-linux-${process.arch}`];
/** Thousands of files that no build reads: vectors, headers of Node, tests. */
const UNREAD = /\/vectors$|\/node-linux-\w+\/(?:include|share)$|\.test\.ts$/;
const canSwitchUser = process.getuid?.() === 0 && existsSync("/usr/bin/setpriv");

let image: Image;
let elsewhere: string;
beforeAll(async () => {
  image = await buildImage();
  elsewhere = await mkdtemp(path.join(tmpdir(), "another place "));
  await chmod(elsewhere, 0o755);
  await copyRepository(path.join(elsewhere, "copy"));
});
afterAll(() => rm(elsewhere, { recursive: true, force: true }));

describe("two builds", () => {
  it("give the same file in another folder, with other times, umask, locale and time zone", async () => {
    expect(await builtIn("out-same-user", [])).toEqual(sha256(image.eif));
  });

  it.skipIf(!canSwitchUser)("give the same file to another user (needs root and setpriv)", async () => {
    const nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
    expect(await builtIn("out-nobody", nobody)).toEqual(sha256(image.eif));
  });
});

/** Builds from the copy in a shell of its own, and gives the digest of the file. */
async function builtIn(name: string, asUser: readonly string[]): Promise<string> {
  const out = path.join(elsewhere, name);
  await mkdir(path.join(out, "tmp"), { recursive: true });
  for (const folder of [out, path.join(out, "tmp")]) await chmod(folder, 0o777);
  const node = path.join(elsewhere, `copy/node_modules/node-linux-${process.arch}/bin/node`);
  execFileSync("env", [...asUser, "sh", "-c", 'umask 077; exec "$@"', "sh", node, "image/export.ts", out], {
    cwd: path.join(elsewhere, "copy"),
    env: {
      PATH: "/usr/local/bin:/usr/bin:/bin",
      HOME: "/nonexistent",
      TMPDIR: path.join(out, "tmp"),
      TZ: "Pacific/Kiritimati",
      LC_ALL: "tr_TR.UTF-8",
      LANGUAGE: "tr",
      SOURCE_DATE_EPOCH: "1",
    },
    stdio: ["ignore", "ignore", "pipe"],
  });
  return sha256(readFileSync(path.join(out, "caladrius.eif")));
}

/** What a build reads, from another folder and with other times. */
async function copyRepository(copy: string): Promise<void> {
  const bundled = image.manifest.bundleInputs.flatMap((input) => /^node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(input.path)?.[1] ?? []);
  const packages = [...new Set([...TOOLS, ...bundled])];
  await mkdir(path.join(copy, "node_modules/@caladrius"), { recursive: true });
  for (const name of ["package.json", ...FOLDERS, ...packages.map((one) => `node_modules/${one}`)]) {
    await cp(path.join(ROOT, name), path.join(copy, name), { recursive: true, filter: (file) => !UNREAD.test(file) });
  }
  for (const name of FOLDERS) await symlink(`../../${name}`, path.join(copy, "node_modules/@caladrius", name));
  const old = new Date("2001-02-03T04:05:06Z");
  for (const name of await readdir(copy, { recursive: true })) await utimes(path.join(copy, name), old, old);
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
