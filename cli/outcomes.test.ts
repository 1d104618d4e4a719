import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { tellSlow } from "./outcomes.ts";
import { Terminal } from "./print.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it("says after half a minute that a job brings no answer, and nothing of those that end", () => {
  let told = "";
  const stream = { isTTY: false, write: (text: string | Uint8Array): boolean => ((told += String(text)), true) };
  const tell = tellSlow("http://127.0.0.1:1", new Terminal({ stdout: stream, stderr: stream, environment: {} }, false));
  for (const stage of ["sending", "waiting"] as const) for (const index of [0, 1]) tell({ index, name: `patient-${index}`, stage });
  vi.advanceTimersByTime(29_000);
  tell({ index: 0, name: "patient-0", stage: "opening" });
  expect(told).toBe("");
  vi.advanceTimersByTime(60_000);
  expect(told).toMatch(/^waiting: patient-1 [^\n]*http:\/\/127\.0\.0\.1:1\/readyz[^\n]*\n$/);
});
