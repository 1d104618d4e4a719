import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { chromium, type Browser, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { renderReport } from "@caladrius/pages/report";
import {
  coverageOf,
  detectorsOf,
  ecg,
  finding,
  inputOf,
  numeric,
  recordingOf,
  START_MS,
} from "@caladrius/pages/report/test-support/results.ts";

const HOSTILE = `<img src=x onerror=alert(1)>"'</style><script>\u202eexe.\u0007`;
const CHROMIUM = "/usr/bin/chromium";
// Its types need the DOM, which nothing here has.
const AXE: string = readFileSync(fileURLToPath(import.meta.resolve("axe-core/axe.min.js")), "utf8");
const BEATS = Array.from({ length: 110 }, (_, i) => i + 1).filter((second) => second < 11 || second > 16);

/** Everything that a report can show, with texts that would act if anything let them. */
async function everything(): Promise<string> {
  const heart = [...Array<number>(60).fill(70), ...Array<number>(40).fill(130), -1, -1, 999, ...Array<number>(17).fill(90)];
  const unassessed = [
    { detector: "ecg-beats", channel: "mdc:131330", fromMs: START_MS + 40_000, toMs: START_MS + 50_000, reason: HOSTILE.slice(0, 60) },
  ];
  const input = await inputOf(
    recordingOf(
      ecg(120, BEATS, [40, 50]),
      numeric("loinc:8867-4", "/min", heart),
      numeric(
        "loinc:2708-6",
        "%",
        heart.map((_, i) => 97 - (i >> 4)),
      ),
    ),
    [
      ["alarm-summary", { anyAlarm: true, highestPriority: "high", secondsNotAssessed: 10 }],
      ["subject", HOSTILE],
      ["level", "full"],
      ["finding", finding()],
      ["finding", finding({ code: HOSTILE, priority: "low", onsetMs: START_MS + 41_000, endMs: START_MS + 41_500 })],
      [
        "finding",
        finding({
          code: "heart-rate-high",
          detector: "thresholds",
          channel: "loinc:8867-4",
          onsetMs: START_MS + 60_000,
          endMs: START_MS + 100_000,
          priority: "medium",
        }),
      ],
      ["finding", finding({ code: "news2-5", detector: "news2", channel: null, priority: "none" })],
      [
        "series",
        {
          detector: "ecg-beats",
          channel: "mdc:131330",
          name: "beats",
          unit: "ms",
          values: Int32Array.from(BEATS, (second) => second * 1000),
        },
      ],
      ["coverage", coverageOf(120, { unassessed, notAssessedMs: 10_000, rejected: [{ reason: HOSTILE, samples: 3 }] })],
      detectorsOf(["news2", "thresholds", "ecg-beats"]),
    ],
    { result: { name: `${HOSTILE}.attested`, sha256: "00".repeat(32) } },
    true,
  );
  return renderReport(input).html;
}

describe.skipIf(!existsSync(CHROMIUM))("the report, opened from a file in Chromium", () => {
  const folder = mkdtempSync(join(tmpdir(), "caladrius-report-"));
  const url = pathToFileURL(join(folder, "report.html")).href;
  let browser: Browser;
  beforeAll(async () => {
    writeFileSync(join(folder, "report.html"), await everything());
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-gpu"] });
  });
  afterAll(async () => {
    await browser.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function open(width: number, colorScheme: "light" | "dark"): Promise<{ page: Page; misdeeds: string[] }> {
    const page = await browser.newPage({ colorScheme, viewport: { width, height: 900 } });
    const misdeeds: string[] = [];
    page.on("console", (message) => void misdeeds.push(message.text()));
    page.on("pageerror", (error) => void misdeeds.push(error.message));
    page.on("request", (request) => void (request.url() !== url && !request.url().startsWith("data:") && misdeeds.push(request.url())));
    await page.context().setOffline(true);
    await page.goto(url);
    return { page, misdeeds };
  }

  it.each([
    [1280, "light"],
    [1280, "dark"],
    [390, "light"],
    [390, "dark"],
  ] as const)(
    "has no violation of axe or of its policy, asks for nothing and scrolls sideways nowhere: %d pixels, %s",
    async (width, scheme) => {
      const { page, misdeeds } = await open(width, scheme);
      expect(await page.evaluate("document.documentElement.scrollWidth - innerWidth")).toBeLessThanOrEqual(0);
      expect(await page.locator("main > section").first().innerText()).toMatch(/^Simulator\. .*\s+Warning\s/);
      expect(await page.locator("img").count()).toBe(0);
      await page.evaluate(AXE);
      const { violations } = await page.evaluate<{ violations: { id: string; nodes: { html: string }[] }[] }>("axe.run()");
      expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`)).toEqual([]);
      // The rows of findings stay a table where they are shown as blocks.
      expect(await page.getByRole("table", { name: "Gravest first" }).getByRole("row").count()).toBe(5);
      expect(misdeeds).toEqual([]);
      await page.close();
    },
  );

  it("draws ECG in true millimetres at any width, and trends over the whole width", async () => {
    for (const width of [1280, 390]) {
      const { page } = await open(width, "light");
      const box = await page.locator("svg.ecg").first().boundingBox();
      expect((box?.width ?? 0) / (96 / 25.4)).toBeCloseTo(165, 0);
      const plot = await page.locator(".trend svg.plot").first().boundingBox();
      expect(plot?.width).toBeGreaterThan(width === 390 ? 280 : 900);
      const label = await page.locator(".trend svg.plot text.tick").first().boundingBox();
      expect(label?.height).toBeGreaterThan(10);
      await page.close();
    }
  });

  it("prints on A4 in black on white from a dark screen too, with nothing cut off", async () => {
    const { page } = await open(1280, "dark");
    const pdf = (await page.pdf({ preferCSSPageSize: true })).toString("latin1");
    const pages = pdf.match(/\/Type\s*\/Page\b/g)?.length ?? 0;
    expect(pages).toBeGreaterThan(2);
    expect(pages).toBeLessThan(9);
    expect(pdf).toMatch(/\/MediaBox\s*\[\s*0 0 59[45][.\d]* 84[12][.\d]*\s*\]/);
    await page.emulateMedia({ media: "print" });
    expect(await page.evaluate("getComputedStyle(document.body).color")).toBe("rgb(21, 32, 43)");
    await page.setViewportSize({ width: 718, height: 1000 }); // 190 mm
    expect(await page.evaluate("document.documentElement.scrollWidth - innerWidth")).toBeLessThanOrEqual(0);
    const box = await page.locator("svg.ecg").first().boundingBox();
    expect((box?.x ?? 0) + (box?.width ?? 0)).toBeLessThan(718);
    await page.close();
  });
});
