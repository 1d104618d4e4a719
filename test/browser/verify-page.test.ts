import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startHost, type RunningHost } from "@caladrius/host";
import { fakeStatusList } from "@caladrius/host/test-support/status-list.ts";
import { buildVerifyPage } from "@caladrius/pages";
import { chromium } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { exampleVectors, readRawKit } from "./raw-kit.ts";

const CHROMIUM = "/usr/bin/chromium";

// The page as a host gives it: over http, with the host's headers around it.
describe.skipIf(!existsSync(CHROMIUM))("the verification page, served by a host, in Chromium", () => {
  const folder = mkdtempSync(join(tmpdir(), "caladrius-verify-"));
  let host: RunningHost;
  beforeAll(async () => {
    host = await startHost({
      enclaveSocket: join(folder, "no-enclave"),
      constitution: Buffer.from("constitution"),
      bundle: Buffer.from("bundle"),
      bundleApprovals: [],
      statusList: fakeStatusList(Buffer.from("constitution")),
      dataDir: join(folder, "data"),
      port: 0,
      listenHost: "127.0.0.1",
      pages: { verify: buildVerifyPage },
      clock: { nowMs: () => Date.now() },
    });
  });
  afterAll(async () => {
    await host.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it("verifies, says where it came from, and asks the host for nothing more", async () => {
    const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-gpu"] });
    const page = await browser.newPage();
    const seen: string[] = [];
    page.on("request", (request) => void seen.push(request.url()));
    page.on("console", (message) => void (message.type() === "error" && seen.push(message.text())));
    const answer = await page.goto(`${host.url}/verify`);
    expect(answer?.status()).toBe(200);
    expect(await page.locator(".origin").innerText()).toContain(`This page came from ${new URL(host.url).host}.`);

    const { accepted, refused } = exampleVectors(readRawKit());
    for (const [vector, word] of [
      [accepted, "Warning"],
      [refused, "Contraindicated"],
    ] as const) {
      const file = (name: string, as: string): { name: string; mimeType: string; buffer: Buffer } => ({
        name: as,
        mimeType: "application/octet-stream",
        buffer: Buffer.from(vector.files[name] ?? "", "base64"),
      });
      await page.locator("#trust").setInputFiles(file("trust.json", "trust.json"));
      await page.locator("#files").setInputFiles(file("input.attested", `${vector.id}.attested`));
      await page.locator("section.verdict .file", { hasText: vector.id }).waitFor();
      expect(await page.locator("h2#verdict").innerText()).toBe(word);
    }
    expect(seen).toEqual([`${host.url}/verify`]);
    await browser.close();
  });
});
