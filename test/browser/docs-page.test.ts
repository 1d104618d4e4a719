import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startHost } from "@caladrius/host";
import { fakeStatusList } from "@caladrius/host/test-support/status-list.ts";
import { chromium } from "playwright-core";
import { expect, it } from "vitest";

const CHROMIUM = "/usr/bin/chromium";

it.skipIf(!existsSync(CHROMIUM))("the page of a host's interface opens in Chromium without a violation of its policy", async () => {
  const folder = mkdtempSync(join(tmpdir(), "caladrius-docs-"));
  const host = await startHost({
    enclaveSocket: join(folder, "no-enclave"),
    constitution: Buffer.from("constitution"),
    bundle: Buffer.from("bundle"),
    bundleApprovals: [],
    statusList: fakeStatusList(Buffer.from("constitution")),
    dataDir: join(folder, "data"),
    port: 0,
    listenHost: "127.0.0.1",
    limits: { loopDelayMs: 60_000 }, // a busy machine is not what is tested
    clock: { nowMs: () => Date.now() },
  });
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-gpu"] });
  try {
    const page = await browser.newPage();
    const seen: string[] = [];
    page.on("console", (message) => void (message.type() === "error" && seen.push(message.text())));
    page.on("pageerror", (error) => void seen.push(error.message));
    page.on(
      "request",
      (request) => void (new URL(request.url()).origin !== host.url && !request.url().startsWith("data:") && seen.push(request.url())),
    );
    await page.goto(`${host.url}/docs`);
    await page.getByText("/v1/jobs", { exact: true }).first().waitFor();
    await page.locator(".opblock-summary-control").first().click();
    await page.locator(".opblock-body").first().waitFor();
    expect(seen).toEqual([]);
  } finally {
    await browser.close();
    await host.close();
    rmSync(folder, { recursive: true });
  }
});
