import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { jsonLine, styled, Terminal } from "./print.ts";

function streams(isTTY: boolean, environment: Record<string, string> = {}) {
  const written = { stdout: "", stderr: "" };
  const stream = (name: "stdout" | "stderr") => ({
    isTTY,
    write: (text: string | Uint8Array): boolean => {
      written[name] += String(text);
      return true;
    },
  });
  return { written, streams: { stdout: stream("stdout"), stderr: stream("stderr"), environment } };
}

describe("jsonLine", () => {
  it("is one line that parses back to the same value", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const line = jsonLine({ text });
        expect(line).not.toMatch(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/u);
        expect(JSON.parse(line)).toEqual({ text });
      }),
    );
  });

  it("writes bytes as lower-case hex", () => {
    expect(jsonLine({ nonce: new Uint8Array([0, 171]) })).toBe('{"nonce":"00ab"}');
  });
});

describe("Terminal", () => {
  it("colours a terminal only, and not with NO_COLOR", () => {
    for (const [isTTY, environment, expected] of [
      [true, {}, "\u001b[31mno\u001b[0m\n"],
      [true, { NO_COLOR: "1" }, "no\n"],
      [false, {}, "no\n"],
    ] as const) {
      const { written, streams: to } = streams(isTTY, environment);
      new Terminal(to, false).line([styled("red", "no")]);
      expect(written.stdout).toBe(expected);
    }
  });

  it("prints objects alone with --json", () => {
    const { written, streams: to } = streams(true);
    const terminal = new Terminal(to, true);
    terminal.line("for people");
    terminal.progress("working");
    terminal.object({ a: 1 });
    expect(written).toEqual({ stdout: '{"a":1}\n', stderr: "" });
  });

  it("writes progress as plain lines where there is no terminal", () => {
    const { written, streams: to } = streams(false);
    new Terminal(to, false).progress("sealing\u001b");
    expect(written.stderr).toBe("sealing\\u001b\n");
  });

  it("aligns the columns of a table", () => {
    const { written, streams: to } = streams(false);
    new Terminal(to, false).table([
      ["a", styled("red", "bb"), "c"],
      ["aaa", "b", "c"],
    ]);
    expect(written.stdout).toBe("a    bb  c\naaa  b   c\n");
  });
});
