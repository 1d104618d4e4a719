import type { AlarmSummary, Measurement } from "@caladrius/wire";
import { describe, expect, it } from "vitest";
import { MOST_STRIPS } from "./strips.ts";
import { renderReport } from "./index.ts";
import { coverageOf, detectorsOf, ecg, finding, inputOf, numeric, recordingOf, START_MS } from "./test-support/results.ts";
import { HOSTILE } from "../verify/test-support/files.ts";

const BEATS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 16, 17, 18, 19, 20, 21, 22];
const SERIES = { detector: "ecg-beats", channel: "mdc:131330", name: "beats", unit: "ms", values: Int32Array.from(BEATS, (s) => s * 1000) };
const headings = (html: string): string[] => [...html.matchAll(/<h2[^>]*>([^<]*)</g)].map(([, text]) => text ?? "");
const parts = (html: string, tag: string): string[] => html.match(new RegExp(`<${tag}\\b[\\s\\S]*?</${tag}>`, "g")) ?? [];

describe("a report", () => {
  it("is one file with nothing to load or run, and its policy lets nothing else act", async () => {
    const { html } = renderReport(await inputOf(recordingOf(ecg(30, BEATS)), [["finding", finding()]]));
    expect(html).toMatch(/content="default-src 'none'; style-src 'sha256-[^']+'; img-src data:; form-action 'none'; base-uri 'none'"/);
    expect(html).not.toMatch(/<script|\sstyle=|\son\w+=|\ssrc=|@import|https?:|unsafe-/i);
    expect(html.match(/url\((?!#)/g)).toBeNull();
  });

  it("puts the verdict first, and says when a simulator made the result", async () => {
    const { html } = renderReport(
      await inputOf(recordingOf(ecg(30, BEATS)), [["coverage", coverageOf(30)], detectorsOf(["ecg-beats"])], {}, true),
    );
    const parts = ["At a glance", "Findings", "ECG", "What was looked at", "Detectors", "What was not checked", "Who, when and by what"];
    expect(headings(html)).toEqual(["Warning", ...parts]);
    const contents = html.slice(html.indexOf("<nav"), html.indexOf("</nav>"));
    expect(
      [...contents.matchAll(/<a href="#([a-z]+)">([^<]*)</g)].map(([, id, title]) => [
        html.includes(`<section class="panel" id="${id}"`),
        title,
      ]),
    ).toEqual(parts.map((title) => [true, title]));
    expect(html.indexOf("<strong>Simulator.</strong>")).toBeLessThan(html.indexOf("<h2"));
    expect(html).toContain("No device&#39;s signature over the recording was verified.");
    expect(html.indexOf("<strong>Not a medical device.</strong>")).toBeLessThan(html.indexOf("<h2"));
    expect(html).toContain("<strong>Not a medical device.</strong>");
  });

  it("says of everything that is withheld that it is", async () => {
    const { html } = renderReport(
      await inputOf(recordingOf(numeric("loinc:8867-4", "/min", [70, 71])), [["level", "alarm"]], { match: "not-disclosed" }),
    );
    expect(html).toContain("<b>unknown</b> the alarm summary was withheld");
    expect(html).toContain("Findings were withheld: this recipient's level is “alarm”.");
    expect(html).toContain("<dt>Findings disclosed</dt><dd>withheld");
    expect(headings(html)).not.toContain("At a glance");
    expect(html).toContain("The coverage was withheld");
    expect(html).toContain("The list of detectors was withheld");
    expect(html).toContain("nothing shows that the recording drawn below is the one that was analysed");
    expect(html).toMatch(/<dt>Subject<\/dt><dd>withheld/);
    expect(html).toMatch(/<dt>Withheld<\/dt><dd>at most 15 statements/);
  });

  it("says that findings were taken out where an alarm tells of them, and that there are none where none were", async () => {
    const saying = async (anyAlarm: boolean): Promise<string> => {
      const summary: AlarmSummary = { anyAlarm, highestPriority: anyAlarm ? "high" : "none", secondsNotAssessed: 0 };
      return renderReport(
        await inputOf(recordingOf(ecg(30, BEATS)), [["level", "findings"], ["alarm-summary", summary], detectorsOf(["ecg-beats"])]),
      ).html;
    };
    const told = await saying(true);
    expect(told).toContain("<dt>Findings disclosed</dt><dd>withheld</dd>");
    expect(told).toContain("Findings were withheld: that none is shown does not say that there was none.");
    const silent = await saying(false);
    expect(silent).toContain("<dt>Findings disclosed</dt><dd><b>0</b>");
    expect(silent).toContain("No finding is disclosed in this file.");
  });

  it("shows a denial and draws nothing", async () => {
    const { html, strips, trends } = renderReport(await inputOf(recordingOf(ecg(30, BEATS)), [["denial", "purpose-unknown"]]));
    expect(html).toContain("<strong>Denied: purpose-unknown.</strong> Nothing was analysed.");
    expect({ strips, trends }).toEqual({ strips: 0, trends: 0 });
    expect(headings(html)).toEqual(["Warning", "What was not checked", "Who, when and by what"]);
  });

  it("writes times from the start where the recording has no date, and never a day of 1970", async () => {
    const atStart = { ...ecg(30, BEATS), startMs: 0 };
    const values = [
      ["finding", finding({ onsetMs: 10_000, endMs: 16_000 })],
      ["coverage", coverageOf(30, { fromMs: 0, toMs: 30_000 })],
    ] as const;
    const { html } = renderReport(await inputOf(recordingOf(atStart), values, { isRelative: true }));
    expect(html).not.toContain("1970-");
    expect(html).toContain("times count from the start: the recording has no date");
    expect(html).toContain("<h3>Asystole (high) at 00:00:10 from the start</h3>");
    expect(renderReport(await inputOf(recordingOf(atStart), values)).html).toContain("1970-01-01 00:00:10 UTC");
  });

  it("says findings in words beside their codes, and what they mean where their rule is known", async () => {
    const evidence = [
      { name: "score", value: 7, decimals: 0, unit: "1" },
      { name: "points-spo2", value: 3, decimals: 0, unit: "1" },
      { name: "points-pulse", value: 0, decimals: 0, unit: "1" },
      { name: "missing-oxygen", value: 1, decimals: 0, unit: "1" },
    ];
    const news2 = finding({ code: "news2-high", detector: "news2", channel: null, evidence });
    const recording = recordingOf(numeric("loinc:8867-4", "/min", [70, 71]));
    const { html } = renderReport(await inputOf(recording, [["finding", news2], detectorsOf(["news2"])]));
    expect(html).toContain(`NEWS2 high<span class="from">news2-high, by news2</span>`);
    expect(html).toContain("<li>score <b>7</b></li>");
    expect(html).toContain(`<li class="whole">points: SpO2 3, pulse 0</li><li class="whole">missing: <b>oxygen</b></li>`);
    expect(html).toContain("<dt>NEWS2 high</dt><dd>NEWS2 of 7 or more: emergency assessment.</dd>");
    expect(html).toMatch(/class="confidence">0\.985</);
    expect(html).toContain("it is no probability");
    const unknown = [{ id: "news2", version: "9.0.0", parametersDigest: new Uint8Array(32) }];
    const other = renderReport(
      await inputOf(recording, [
        ["finding", news2],
        ["detectors", unknown],
      ]),
    ).html;
    expect(other).toContain("<dt>NEWS2 high</dt><dd>Its rule ran with parameters that are not known to this program.</dd>");
  });

  it("says how long a finding lasted, which parts were missing when, and glucose in both units", async () => {
    const point = (name: string, value: number): Measurement => ({ name, value, decimals: 0, unit: "1" });
    const evidence = [point("score", 9), point("points-pulse", 3), point("missing-pulse", 1)];
    const low = { name: "lowest", value: 65, decimals: 0, unit: "mg/dL" };
    const [at, end] = [START_MS + 60_000, START_MS + 120_000];
    const { html } = renderReport(
      await inputOf(recordingOf(numeric("loinc:8867-4", "/min", [70, 71])), [
        ["coverage", coverageOf(120)],
        ["finding", finding({ code: "qsofa-positive", detector: "qsofa", channel: null, onsetMs: at, endMs: at + 30_000, evidence })],
        ["finding", finding({ code: "glucose-low-level-1", detector: "glucose", onsetMs: end, endMs: end, evidence: [low] })],
        ["finding", finding({ code: "spo2-low", detector: "thresholds", onsetMs: at, endMs: at, evidence: [] })],
      ]),
    );
    expect(html).toContain(`qSOFA positive<span class="from">qsofa-positive`);
    expect(html).toContain(`<span class="from">30 s</span>`);
    expect(html).toContain(`<span class="from">one moment</span>`);
    expect(html).toContain(`<span class="from">one moment, to the end of the recording</span>`);
    expect(html).toContain("<li>lowest <b>65 mg/dL (3.6 mmol/L)</b></li>");
    expect(html).toContain(`points: pulse 3</li><li class="whole">missing for a part of the time: <b>pulse</b></li>`);
  });

  it("leads from each finding to where it is drawn", async () => {
    const alarm = finding({ code: "heart-rate-high", detector: "thresholds", channel: "loinc:8867-4" });
    const { html } = renderReport(
      await inputOf(recordingOf(ecg(30, BEATS), numeric("loinc:8867-4", "/min", [70, 71])), [
        ["finding", finding()],
        ["finding", alarm],
      ]),
    );
    const links = [...html.matchAll(/<a href="#((?:strip|trend)-\d+)" aria-label="([^"]*)"/g)].map(([, id = "", label]) => [
      html.includes(` id="${id}"`),
      label,
    ]);
    expect(links).toEqual([
      [true, "ECG of Asystole at 08:00:10"],
      [true, "ECG of Heart rate high at 08:00:10"],
      [true, "Trend of Heart rate high at 08:00:10"],
    ]);
  });

  it("lets no text act, whoever wrote it", async () => {
    const short = HOSTILE.slice(0, 32);
    const hostile = finding({
      code: HOSTILE,
      detector: HOSTILE,
      channel: "mdc:131330",
      evidence: [{ name: HOSTILE, value: 1, decimals: 0, unit: short }],
    });
    const span = { detector: HOSTILE, channel: "mdc:131330", fromMs: START_MS, toMs: START_MS + 20_000, reason: HOSTILE };
    const { html } = renderReport(
      await inputOf(
        recordingOf(ecg(30, BEATS), numeric("loinc:8867-4", "/min", [70, 71])),
        [
          ["subject", HOSTILE],
          ["purpose", short],
          ["finding", hostile],
          ["finding", { ...hostile, channel: "loinc:8867-4" }],
          ["detectors", [{ id: HOSTILE, version: short, parametersDigest: new Uint8Array(32) }]],
          ["coverage", coverageOf(30, { rejected: [{ reason: HOSTILE, samples: 1 }], unassessed: [span] })],
        ],
        { result: { name: `${HOSTILE}.attested`, sha256: HOSTILE }, sources: [HOSTILE], trust: { name: HOSTILE, sha256: HOSTILE } },
      ),
    );
    expect(html).not.toMatch(/<img|[\u202e\u2066\u0007]/);
    expect(html).toContain("&#60;img src=x onerror=alert(1)&#62;\\u202eexe.\\u0007\\u2066{{x}}");
  });
});

describe("ECG on paper", () => {
  const strip = async (values: Parameters<typeof inputOf>[1], lead = ecg(30, BEATS)): Promise<{ html: string; rows: string[] }> => {
    const { html } = renderReport(await inputOf(recordingOf(lead), values));
    return { html, rows: html.match(/<svg class="ecg"[\s\S]*?<\/svg>/g) ?? [] };
  };

  it("runs at 25 mm/s and 10 mm/mV beside a pulse of 1 mV and 0.2 s", async () => {
    const { rows } = await strip([
      ["finding", finding()],
      ["coverage", coverageOf(30)],
      ["series", SERIES],
    ]);
    expect(rows).toHaveLength(2);
    const [, widthMm, heightMm, units, unitsHigh] =
      /width="(\d+)mm" height="([\d.]+)mm" viewBox="0 0 (\d+) (\d+)"/.exec(rows[0] ?? "") ?? [];
    expect([Number(units) / Number(widthMm), Number(unitsHigh) / Number(heightMm)]).toEqual([100, 100]);
    expect(rows[0]).toMatch(/class="calibration" d="M100 \d+h200v-1000h500v1000h200"/);
    // From 07 s to 13 s: beats at 7, 8, 9 and 10 s stand 2500 units apart and 1000 units high.
    const trace = /class="trace" d="([^"]*)"/.exec(rows[0] ?? "")?.[1] ?? "";
    const points = [...trace.matchAll(/[ML](\d+) (\d+)/g)].map(([, x, y]) => [Number(x), Number(y)] as const);
    const top = Math.min(...points.map(([, y]) => y));
    expect(points.filter(([, y]) => y === top).map(([x]) => x)).toEqual([1500, 4000, 6500, 9000]);
    expect(Math.max(...points.map(([, y]) => y)) - top).toBe(1000);
    expect(points).toHaveLength(1500);
    expect(/class="beats" d="([^"]*)"/.exec(rows[0] ?? "")?.[1]?.match(/M\d+/g)).toEqual(["M1500", "M4000", "M6500", "M9000"]);
  });

  it("marks beats that were taken for ventricular otherwise, and says how many", async () => {
    const ventricular = {
      ...SERIES,
      detector: "ecg-ectopy",
      name: "ventricular",
      unit: "1",
      values: Int32Array.from(BEATS, (s) => Number(s === 8)),
    };
    const given = [
      ["finding", finding()],
      ["coverage", coverageOf(30)],
      ["series", SERIES],
    ] as const;
    const { html, rows } = await strip([...given, ["series", ventricular]]);
    expect(/class="beats" d="([^"]*)"/.exec(rows[0] ?? "")?.[1]?.match(/M\d+/g)).toEqual(["M1500", "M6500", "M9000"]);
    expect(rows[0]).toMatch(/<text class="ventricular" x="4000" y="\d+" text-anchor="middle">V<title>taken for ventricular</);
    expect(html).toContain("▼ marks each of 7 beats, V instead the 1 taken for ventricular.");
    // One value for each beat, or none is believed.
    const short = { ...ventricular, values: ventricular.values.slice(1) };
    expect((await strip([...given, ["series", short]])).html).not.toContain('class="ventricular"');
  });

  it("keeps the reasons of several detectors apart", async () => {
    const span = (detector: string, reason: string): NonNullable<ReturnType<typeof coverageOf>["unassessed"][number]> => ({
      detector,
      channel: "mdc:131330",
      fromMs: START_MS + 8000,
      toMs: START_MS + 12_000,
      reason,
    });
    const unassessed = [span("ecg-beats", "flat-line"), span("ecg-af", "beats-uncertain"), span("ecg-ectopy", "beats-uncertain")];
    const { rows } = await strip([
      ["finding", finding()],
      ["coverage", coverageOf(30, { unassessed })],
    ]);
    const labels = [...(rows[0] ?? "").matchAll(/<text class="reason" x="\d+" y="(\d+)">([^<]*)</g)];
    expect(labels.map(([, , text]) => text)).toEqual(["not assessed: flat-line", "not assessed: beats-uncertain"]);
    const [first, second] = labels.map(([, y]) => Number(y));
    expect((first ?? 0) - (second ?? 0)).toBeGreaterThanOrEqual(290); // the size of its letters
  });

  it("marks no beats where their times are withheld, and says so", async () => {
    const { html, rows } = await strip([
      ["finding", finding()],
      ["coverage", coverageOf(30)],
    ]);
    expect(html).toContain("Beats are not marked, as the result does not disclose their times.");
    expect(rows.join("")).not.toContain('class="beats"');
  });

  it("shades what was not assessed with its reason, and draws no line where nothing was measured", async () => {
    const unassessed = [
      { detector: "ecg-beats", channel: "mdc:131330", fromMs: START_MS + 12_000, toMs: START_MS + 14_000, reason: "gap" },
    ];
    const { rows } = await strip(
      [
        ["finding", finding()],
        ["coverage", coverageOf(30, { unassessed })],
      ],
      ecg(30, BEATS, [12, 14]),
    );
    expect(rows[0]).toMatch(/<title>not assessed: gap<\/title><rect class="void" fill="url\(#open-mm\)" x="14000" y="\d+" width="2500"/);
    expect(rows[1]).toMatch(/<text class="reason"[^>]*>not assessed: gap</);
    const xs = (row: string | undefined): number[] =>
      [...(/class="trace" d="([^"]*)"/.exec(row ?? "")?.[1] ?? "").matchAll(/[ML](\d+) /g)].map(([, x]) => Number(x));
    expect(Math.max(...xs(rows[0]))).toBe(13_990);
    expect(Math.min(...xs(rows[1]))).toBe(4000);
  });

  it("gives a span without findings its strip, and shows the beginning where there is neither", async () => {
    const unassessed = [
      { detector: "ecg-beats", channel: "mdc:131330", fromMs: START_MS + 12_000, toMs: START_MS + 14_000, reason: "flat-line" },
    ];
    expect((await strip([["coverage", coverageOf(30, { unassessed })]])).html).toContain(
      "<h3>Not assessed: flat-line, at 2026-03-01 08:00:12 UTC</h3>",
    );
    expect((await strip([["coverage", coverageOf(30)]])).html).toContain("<h3>No disclosed finding; how the recording begins");
  });

  it("draws at most so many strips and names the findings that have none", async () => {
    const many = Array.from({ length: MOST_STRIPS + 6 }, (_, i) =>
      finding({ onsetMs: START_MS + (10 + 20 * i) * 1000, endMs: START_MS + (11 + 20 * i) * 1000, priority: i < 6 ? "low" : "high" }),
    );
    const values = many.map((one) => ["finding", one] as const);
    const { html, strips } = renderReport(await inputOf(recordingOf(ecg(700, BEATS)), values));
    expect(strips).toBe(MOST_STRIPS);
    const left = html.slice(html.indexOf("These findings have no strip"));
    expect(parts(left.slice(0, left.indexOf("</ul>")), "li")).toHaveLength(6);
    expect(left).toContain("Asystole at 2026-03-01 08:00:10 UTC"); // the low ones give way
  });
});

describe("trends", () => {
  it("show values, limits and bands in force, alarms, and what was missing or rejected as such", async () => {
    const heart = [...Array<number>(30).fill(70), ...Array<number>(10).fill(130), -1, -1, 999, 72, 73];
    const alarm = finding({
      code: "heart-rate-high",
      detector: "thresholds",
      channel: "loinc:8867-4",
      onsetMs: START_MS + 1_800_000,
      endMs: START_MS + 2_400_000,
      priority: "medium",
    });
    const { html } = renderReport(
      await inputOf(recordingOf(numeric("loinc:8867-4", "/min", heart, 60)), [
        ["finding", alarm],
        detectorsOf(["news2", "thresholds"]),
        ["coverage", coverageOf(2700)],
      ]),
    );
    expect(html).toContain("42 values from 70 to 130 per minute, 2 missing, 1 rejected.");
    expect(html).toContain("very low 40, low 50, high 120, very high 140.");
    expect(html).toMatch(/<text class="limit-label"[^>]*>high 120</);
    expect(html).toMatch(/<title>NEWS2: 1 point<\/title>/);
    expect(html).toMatch(
      /<title>Heart rate high, medium, from 2026-03-01 08:30:00 UTC<\/title><rect class="span medium" x="66.67%" width="22.22%"/,
    );
    expect(html).toMatch(/<rect class="unused" fill="url\(#missing\)" x="88.89%" width="4.44%"/);
    expect(html).toMatch(/×<title>rejected: 999 per minute/);
    // No line leads over the samples that were not used.
    const curve = /class="curve" d="([^"]*)"/.exec(html)?.[1] ?? "";
    expect(curve.match(/M/g)).toHaveLength(2);
  });

  it("claim no limits that are not known to be those in force", async () => {
    const unknown = [{ id: "thresholds", version: "1.0.0", parametersDigest: new Uint8Array(32) }];
    const recording = recordingOf(numeric("loinc:8867-4", "/min", [70, 71, 72]));
    const { html } = renderReport(await inputOf(recording, [["detectors", unknown]]));
    expect(html).toContain("not known to this program");
    expect(html).not.toContain("Alarm limits in force");
    const evidence = [{ name: "limit", value: 115, decimals: 0, unit: "/min" }];
    const named = finding({ channel: "loinc:8867-4", evidence });
    expect(
      renderReport(
        await inputOf(recording, [
          ["detectors", unknown],
          ["finding", named],
        ]),
      ).html,
    ).toContain("limit 115.");
  });

  it("show the heart rate from disclosed beats, and none over a span in which none were looked for", async () => {
    const unassessed = [
      { detector: "ecg-beats", channel: "mdc:131330", fromMs: START_MS + 11_000, toMs: START_MS + 15_000, reason: "gap" },
    ];
    const shown = async (coverage: ReturnType<typeof coverageOf>): Promise<string> =>
      renderReport(
        await inputOf(recordingOf(ecg(30, BEATS)), [
          ["series", SERIES],
          ["coverage", coverage],
        ]),
      ).html;
    expect(await shown(coverageOf(30))).toContain("16 values from 10 to 60 per minute");
    expect(await shown(coverageOf(30, { unassessed }))).toContain("15 values from 60 to 60 per minute");
  });

  it("lose no extreme of a long recording, and stay small", async () => {
    const day = Array.from({ length: 86_400 }, (_, i) => 70 + (i % 7));
    day[50_000] = 180;
    day[60_000] = 35;
    const channels = ["loinc:8867-4", "loinc:9279-1", "loinc:2708-6", "loinc:8480-6"].map((code, i) =>
      numeric(code, ["/min", "/min", "%", "mm[Hg]"][i] ?? "", code === "loinc:8867-4" ? day : day.map((value) => value + 20)),
    );
    const many = Array.from(
      { length: 256 },
      (_, i) => ["finding", finding({ onsetMs: START_MS + i * 20_000, endMs: START_MS + i * 20_000 + 9000 })] as const,
    );
    const { html } = renderReport(await inputOf(recordingOf(...channels, ecg(6000, BEATS)), many));
    expect(html).toContain("86,400 values from 35 to 180 per minute");
    expect(html.length).toBeLessThan(5_000_000);
    const curve = /id="trend-0"[\s\S]*?class="curve" d="([^"]*)"/.exec(html)?.[1] ?? "";
    expect(curve.match(/[ML]/g)?.length).toBeLessThanOrEqual(601);
  });
});
