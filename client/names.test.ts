import { describe, expect, it } from "vitest";
import { resultNames } from "./names.ts";

const names = (...sources: (string | undefined)[]): string[] =>
  resultNames(sources.map((source) => (source === undefined ? {} : { sources: [source] })));

describe("resultNames", () => {
  it("takes the file's name without its extensions", () => {
    expect(names("a/100.hea", "b.ndjson.gz", "c.d.e.csv", "plain")).toEqual(["100", "b", "c.d", "plain"]);
  });
  it("tells equal names apart, whatever their case", () => {
    expect(names("x/a.csv", "y/a.csv", "z/A.json", "a-2.csv")).toEqual(["a", "a-2", "A-3", "a-2-2"]);
  });
  it("has a name for recordings without a file", () => {
    expect(names(undefined, "", "..", ".csv")).toEqual(["recording-1", "recording-2", "recording-3", "recording-4"]);
  });
  it("leaves nothing that a path or a terminal understands", () => {
    const [name = ""] = names('in/..\u001b[31m\u202e?*|<>:"\\ name.csv');
    expect(name).toMatch(/^[\p{L}\p{N}_-][\p{L}\p{N}._-]*$/u);
    expect(names(`${"x".repeat(300)}.csv`)[0]).toHaveLength(100);
  });

  it("tells the windows of one recording apart, in order", () => {
    const part = (number: number, of: number): { sources: string[]; part: { number: number; of: number } } => ({
      sources: ["a.hea"],
      part: { number, of },
    });
    expect(resultNames([part(1, 2), part(2, 2), { sources: ["a.hea"], part: null }])).toEqual(["a-part-01", "a-part-02", "a"]);
    expect(resultNames([part(7, 100)])).toEqual(["a-part-007"]);
  });
});
