import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { SubmitOutcome } from "@caladrius/client";
import { printOutcomes, tellDenials, tellSlow } from "./outcomes.ts";
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
  expect(told).toMatch(/^waiting: patient-1 [^\n]*http:\/\/127\.0\.0\.1:1\/readyz says under waitingFor [^\n]*\n$/);
});

it("says whose recording each result is of, where the name of its file does not", () => {
  const told = (named: readonly (readonly [name: string, subject: string])[], isJson = false): string => {
    let text = "";
    const stream = { isTTY: false, write: (part: string | Uint8Array): boolean => ((text += String(part)), true) };
    const outcomes = named.map(([name, subject], index): SubmitOutcome => ({
      index,
      name,
      subject,
      sources: ["two.csv"],
      part: null,
      status: "failed",
      verdict: null,
      file: null,
      path: null,
      receipts: [],
      problem: new Error("the reason"),
      resealed: 0,
    }));
    printOutcomes(outcomes, new Terminal({ stdout: stream, stderr: stream, environment: {} }, isJson));
    return text;
  };
  expect(told([["ann", "ann"]])).toBe("failed  ann  internal  the reason\n");
  expect(
    told([
      ["two", "ann"],
      ["two-2", "bob\n"],
    ]),
  ).toBe("failed  two    subject ann        internal  the reason\nfailed  two-2  subject bob\\u000a  internal  the reason\n");
  expect(told([["ann", "ann"]], true)).toContain('"name":"ann","subject":"ann"');
});

it("says once what each denial means, also one that a newer enclave knows", () => {
  let told = "";
  const stream = { isTTY: false, write: (text: string | Uint8Array): boolean => ((told += String(text)), true) };
  const terminal = new Terminal({ stdout: stream, stderr: stream, environment: {} }, false);
  tellDenials([null, "denied-release-revoked", "denied-release-revoked", "denied-tomorrow"], terminal);
  expect(told).toBe(
    "denied-release-revoked: nothing was analysed; the status list revokes the release that this enclave runs: nothing is answered any more\n" +
      "denied-tomorrow: nothing was analysed\n",
  );
});
