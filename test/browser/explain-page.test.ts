import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { encodeMetadata, explainImages, FIXED_BUILD_TIME, renderExplanation, writeCpio, writeEif } from "@caladrius/image";
import { chromium, type Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const CHROMIUM = "/usr/bin/chromium";
const AXE: string = readFileSync(fileURLToPath(import.meta.resolve("axe-core/axe.min.js")), "utf8");
const HOSTILE = `<img src=x onerror=alert(1)>"'</style><script>\u202eexe`;

/** A tiny image with a manifest; `mark` stands wherever a text of an image may stand. */
function image(mark: string, program: string): Uint8Array {
  const entry = (path: string, content: string) => ({ kind: "file", path, mode: 0o644, data: Buffer.from(content) }) as const;
  const folder = (path: string) => ({ kind: "directory", path, mode: 0o755, data: new Uint8Array(0) }) as const;
  const digest = "00".repeat(32);
  const manifest = {
    files: [{ path: "/app/enclave.mjs", sha256: digest, bytes: 1, origin: mark }],
    bundleInputs: [
      { path: `${mark}.ts`, sha256: digest, bytes: program.length, origin: "source" },
      { path: "index.js", sha256: digest, bytes: 2, origin: `npm x@1.${program.length}` },
    ],
  };
  const name = `rootfs/app/${mark.replaceAll("/", "_")}`;
  return writeEif({
    architecture: "x86_64",
    kernel: Buffer.from("kernel"),
    cmdline: Buffer.from(`quiet ${mark}`),
    metadata: encodeMetadata({
      imageName: mark,
      imageVersion: "1",
      buildTime: FIXED_BUILD_TIME,
      buildTool: "test",
      buildToolVersion: "1",
      operatingSystem: "Linux",
      kernelVersion: "6",
    }),
    ramdisks: [
      writeCpio([entry("init", "init")]),
      writeCpio([
        folder("rootfs"),
        folder("rootfs/app"),
        entry("rootfs/app/enclave.mjs", program),
        entry("rootfs/app/manifest.json", JSON.stringify(manifest)),
        entry(name, mark),
        entry("cmd", `/usr/bin/node\n${mark}\n`),
        entry("env", `A=${mark}\n`),
      ]),
    ],
  });
}

const other = new Map([0, 1, 2, 16].map((index) => [index, new Uint8Array(48).fill(index + 1)]));
const explanation = explainImages(image("plain", "const a = 1;\n"), image(HOSTILE, "const a = 22;\n"), [{ file: HOSTILE, sets: [other] }]);

describe.skipIf(!existsSync(CHROMIUM))("the explanation of two images, opened from a file in Chromium", () => {
  const folder = mkdtempSync(join(tmpdir(), "caladrius-explain-"));
  const url = pathToFileURL(join(folder, "page.html")).href;
  let browser: Browser;
  beforeAll(async () => {
    writeFileSync(join(folder, "page.html"), renderExplanation(explanation, { a: HOSTILE, b: "b.eif" }));
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-gpu"] });
  });
  afterAll(async () => {
    await browser.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it.each([
    ["light", 1100],
    ["dark", 1100],
    ["light", 360],
  ] as const)("has no violation of axe or of its policy, and asks for nothing: %s, %d pixels wide", async (colorScheme, width) => {
    const page = await browser.newPage({ colorScheme, viewport: { width, height: 900 } });
    const misdeeds: string[] = [];
    page.on("console", (message) => void misdeeds.push(message.text()));
    page.on("pageerror", (error) => void misdeeds.push(error.message));
    page.on("request", (request) => void (request.url() !== url && !request.url().startsWith("data:") && misdeeds.push(request.url())));
    await page.goto(url);
    await page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true");
    expect(await page.evaluate("document.documentElement.scrollWidth <= innerWidth")).toBe(true);
    await page.evaluate(AXE);
    const { violations } = await page.evaluate<{ violations: { id: string; nodes: { html: string }[] }[] }>("axe.run()");
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`)).toEqual([]);
    expect(misdeeds).toEqual([]);
    expect(await page.locator("h2").allInnerTexts()).toEqual([
      "Other measurements",
      "Look at these first",
      "Registers",
      "What has to follow",
      "Your trust files",
      "Packages and source",
      "How it is started",
      "Files",
      "Sections of the image",
      "What nothing measures",
    ]);
    await page.close();
  });

  it("is printed with what is folded on the screen", async () => {
    const page = await browser.newPage();
    await page.goto(url);
    const digests = page.locator("#sections details").first().locator("dl");
    expect(await digests.isVisible()).toBe(false);
    await page.emulateMedia({ media: "print" });
    expect(await digests.isVisible()).toBe(true);
    await page.close();
  });
});
