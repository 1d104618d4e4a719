import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { pathToFileURL } from "node:url";
import axe from "axe-core";
import { chromium, type Browser, type Page } from "playwright-core";
import { buildVerifyPage } from "../../build.ts";
import type { TestFile } from "./files.ts";

/** Debian's chromium, or another on the path; null where there is none. */
export const CHROMIUM: string | null =
  ["/usr/bin/chromium", ...(process.env["PATH"] ?? "").split(delimiter).map((folder) => join(folder, "chromium"))].find((path) =>
    existsSync(path),
  ) ?? null;

/** A page that is open, and what it did that it must not do. */
export interface OpenPage {
  page: Page;
  /** console errors, exceptions, violations of the policy, requests beyond the page's own file */
  misdeeds: string[];
  give(trust: TestFile | null, ...files: TestFile[]): Promise<void>;
  /** what axe finds, as sentences */
  violations(): Promise<string[]>;
}

/** The built page in a folder of its own, and a browser. */
export class VerifyPage {
  readonly #folder = mkdtempSync(join(tmpdir(), "caladrius-page-"));
  readonly #browser: Browser;
  readonly html: string;
  readonly url: string;

  private constructor(browser: Browser, html: string) {
    this.#browser = browser;
    this.html = html;
    const path = join(this.#folder, "verify.html");
    writeFileSync(path, html);
    this.url = pathToFileURL(path).href;
  }

  static async start(): Promise<VerifyPage> {
    const html = await buildVerifyPage();
    const browser = await chromium.launch({ executablePath: CHROMIUM ?? "chromium", args: ["--no-sandbox", "--disable-gpu"] });
    return new VerifyPage(browser, html);
  }

  /** Opens the page; `before` runs in it before its own script. */
  async open({
    scheme = "light",
    width = 1100,
    before,
    nowMs,
  }: { scheme?: "light" | "dark"; width?: number; before?: string; nowMs?: number } = {}): Promise<OpenPage> {
    const { url } = this;
    const page = await this.#browser.newPage({ colorScheme: scheme, viewport: { width, height: 900 } });
    page.setDefaultTimeout(20_000);
    const misdeeds: string[] = [];
    page.on("console", (message) => void (message.type() === "error" && misdeeds.push(message.text())));
    page.on("pageerror", (error) => void misdeeds.push(error.message));
    page.on("request", (request) => void (request.url() !== url && !/^(?:blob|data):/.test(request.url()) && misdeeds.push(request.url())));
    await page.addInitScript(`addEventListener("securitypolicyviolation", (event) => console.error("policy", event.violatedDirective))`);
    if (before !== undefined) await page.addInitScript(before);
    if (nowMs !== undefined) await page.clock.setFixedTime(nowMs);
    await page.goto(url);
    return {
      page,
      misdeeds,
      async give(trust, ...files) {
        if (trust !== null) await page.locator("#trust").setInputFiles(trust);
        if (files.length > 0) await page.locator("#files").setInputFiles(files);
      },
      async violations() {
        if (!(await page.evaluate("typeof axe === 'object'"))) await page.evaluate(AXE);
        const { violations } = await page.evaluate<{ violations: { id: string; nodes: { html: string }[] }[] }>(
          "axe.run({ resultTypes: ['violations'] })",
        );
        return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
      },
    };
  }

  async close(): Promise<void> {
    await this.#browser.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

const AXE = axe.source;
