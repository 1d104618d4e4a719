import { describe, expect, it } from "vitest";
import { canonicalRequest, signature, stringToSign } from "./canonical.ts";

// AWS's Signature Version 4 test suite: the cases without path and query.
const SCOPE = { date: "20150830", region: "us-east-1", service: "service" };
const DATE = "20150830T123600Z";
const BASE: readonly [string, string][] = [
  ["host", "example.amazonaws.com"],
  ["x-amz-date", DATE],
];
const sign = (method: string, headers: readonly [string, string][]): string =>
  Buffer.from(
    signature(
      "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
      SCOPE,
      stringToSign(canonicalRequest({ method, headers, body: new Uint8Array(0) }), DATE, SCOPE),
    ),
  ).toString("hex");

describe("the canonical request", () => {
  it.each([
    ["get-vanilla", "GET", BASE, "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"],
    ["post-vanilla", "POST", BASE, "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"],
  ] as const)("signs %s as AWS's test suite does", (_, method, headers, expected) => {
    expect(sign(method, headers)).toBe(expected);
  });

  it("trims values and joins runs of spaces", () => {
    const headers: [string, string][] = [
      ["host", "example.amazonaws.com"],
      ["my-header1", " a   b  c "],
    ];
    expect(canonicalRequest({ method: "GET", headers, body: new Uint8Array(0) })).toContain("\nmy-header1:a b c\n");
  });
});
