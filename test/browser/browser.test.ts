import { existsSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import type { Plugin } from "esbuild";
import { chromium, type Browser, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { codeUnder } from "../packages/readme.ts";
import { bundleForBrowser, source } from "./bundle.ts";
import { exampleVectors, expectedOf, readRawKit } from "./raw-kit.ts";

const CHROMIUM = "/usr/bin/chromium";
const MAX_BYTES = 40_000;
const ORIGIN = "https://relying-party.test";
/** No inline code, no eval, no connection, no other origin. */
const POLICY = "default-src 'none'; script-src 'self'";

/** Everything that the package exports, and the signatures of browsers. */
const verifier = await bundleForBrowser(
  source(`
    export * from "@caladrius/attestation-verifier";
    export { signatures } from "@caladrius/attestation-verifier/signatures";
  `),
);

describe("the verifier, bundled for browsers", () => {
  it("is small", () => {
    const bytes = gzipSync(verifier, { level: 9 }).length;
    console.log(`browser bundle: ${bytes} bytes gzipped, ${verifier.length} characters`);
    expect(bytes).toBeLessThanOrEqual(MAX_BYTES);
  });

  it.each([
    ["evaluates no text", /\beval\s*\(|\bFunction\s*\(/],
    ["needs nothing of Node", /\bprocess\s*[.[]|\bBuffer\b|\brequire\s*\(|["']node:/],
    ["imports nothing", /\bimport\b/],
    ["reads no clock and no randomness", /\bDate\.now\b|new Date\(\)|Math\.random|performance\.now/],
    ["connects to nothing", /\bfetch\s*\(|XMLHttpRequest|WebSocket|\bdocument\s*\./],
  ])("%s", (_, forbidden) => {
    expect(forbidden.exec(verifier)?.[0] ?? null).toBeNull();
  });
});

describe.skipIf(!existsSync(CHROMIUM))("the verifier in Chromium, under a strict content security policy", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-gpu"] });
  });
  afterAll(() => browser.close());

  it("gives every vector's verdict, on WebCrypto and on plain JavaScript", async () => {
    const kit = readRawKit();
    const page = await open(browser, {
      "/": `<!doctype html><script src="/before.js"></script><script type="module" src="/page.js"></script><p id="found"></p>`,
      "/before.js": `${WATCH}; globalThis.vectors = ${JSON.stringify(kit)}`,
      "/verifier.js": verifier,
      "/page.js": await bundleForBrowser({ entryPoints: ["page.ts"], plugins: [THE_MEASURED_BUNDLE] }),
    });
    const { found, violations } = JSON.parse(await text(page, "#found", /^\{/)) as { found: Record<string, object>; violations: string[] };
    const expected = Object.fromEntries(kit.map((vector) => [vector.id, expectedOf(vector)]));
    expect(Object.keys(expected).length).toBeGreaterThan(100);
    expect(found["webcrypto"]).toEqual(expected);
    expect(found["noble"]).toEqual(expected);
    expect(violations).toEqual([]);
  });

  it("would be told if the policy were broken", async () => {
    const page = await open(browser, {
      "/": `<!doctype html><script src="/before.js"></script><p id="found"></p><script src="/broken.js"></script>`,
      "/before.js": WATCH,
      "/broken.js": `try { new Function("") } catch { setTimeout(() => (document.getElementById("found").textContent = violations)) }`,
    });
    expect(await text(page, "#found", /./)).toBe("script-src");
  });

  it("runs the README's example", async () => {
    const readme = readFileSync(new URL("../../attestation-verifier/README.md", import.meta.url), "utf8");
    const { accepted, refused } = exampleVectors(readRawKit());
    const example = await bundleForBrowser(source(codeUnder(readme, "In a browser", "js")));
    console.log(`the README's example, bundled: ${gzipSync(example, { level: 9 }).length} bytes gzipped`);
    const page = await open(browser, {
      "/": `<!doctype html><input type="file" id="trust"><input type="file" id="result"><output></output><script type="module" src="/example.js"></script>`,
      "/example.js": example,
    });
    for (const vector of [accepted, refused]) {
      const file = (name: string): Buffer => Buffer.from(vector.files[name] ?? "", "base64");
      await page.setInputFiles("#trust", { name: "trust.json", mimeType: "application/json", buffer: file("trust.json") });
      const input = { name: `${vector.id}.attested`, mimeType: "application/octet-stream", buffer: file("input.attested") };
      await page.setInputFiles("#result", input);
      await text(page, "output", new RegExp(`^${expectedOf(vector).status}: `));
    }
  });
});

/** A page of an origin of its own that has these files and nothing else. */
async function open(browser: Browser, files: Readonly<Record<string, string>>): Promise<Page> {
  const page = await browser.newPage();
  page.setDefaultTimeout(50_000);
  await page.route("**/*", (route) => {
    const { origin, pathname } = new URL(route.request().url());
    const body = origin === ORIGIN ? files[pathname] : undefined;
    if (body === undefined) return route.abort();
    const contentType = pathname.endsWith(".js") ? "text/javascript" : "text/html";
    return route.fulfill({ body, contentType, headers: { "content-security-policy": POLICY } });
  });
  await page.goto(ORIGIN);
  return page;
}

/** What an element says, once it says something of this form. */
async function text(page: Page, selector: string, form: RegExp): Promise<string> {
  const element = page.locator(selector, { hasText: form });
  await element.waitFor();
  return (await element.textContent()) ?? "";
}

/** Before anything else of a page: what the policy stops is written down. */
const WATCH = `globalThis.violations = []; document.addEventListener("securitypolicyviolation", (event) => violations.push(event.violatedDirective))`;

/** The page reaches the verifier through the very file whose size is measured. */
const THE_MEASURED_BUNDLE: Plugin = {
  name: "the measured bundle",
  setup: ({ onResolve }) =>
    onResolve({ filter: /^@caladrius\/attestation-verifier(?:\/signatures)?$/ }, () => ({ path: "/verifier.js", external: true })),
};
