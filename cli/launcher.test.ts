import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";

const folder = mkdtempSync(join(tmpdir(), "caladrius-launcher-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const brought = join(import.meta.dirname, "../node_modules", `node-${process.platform}-${process.arch}`, "bin/node");

it.skipIf(!existsSync(brought))("hands SIGTERM on where an old Node has to start the newer one, and ends as that does", async () => {
  const old = `Object.defineProperty(process, "versions", { value: { ...process.versions, node: "20.19.0" } })`;
  const words = ["--import", `data:text/javascript,${encodeURIComponent(old)}`, join(import.meta.dirname, "caladrius.mjs")];
  const child = spawn(process.execPath, [...words, "simulate", "--data", folder, "--json"], { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = (await once(child.stdout, "data")) as [Buffer];
  const { enclave } = JSON.parse(line.toString()) as { enclave: string };
  expect(existsSync(enclave)).toBe(true);
  child.kill("SIGTERM");
  expect(await once(child, "close")).toEqual([0, null]);
  expect(existsSync(enclave)).toBe(false);
});
