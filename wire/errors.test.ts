import { describe, expect, it } from "vitest";
import * as wire from "./index.ts";
import { WireError } from "./index.ts";
import { b } from "./test-support/values.ts";

describe("errors", () => {
  it("carry their class, code and what a caller needs", () => {
    expect(new wire.DependencyError("c", "d", 5)).toMatchObject({ name: "DependencyError", code: "c", retryAfterMs: 5 });
    expect(new wire.ConfigurationError("c", "d")).toMatchObject({ name: "ConfigurationError", code: "c" });
    expect(new wire.InvariantError("c", "d")).toMatchObject({ name: "InvariantError", code: "c" });
    expect(() => wire.encodeStatement("result", "Ed25519", b(1), () => b(63))).toThrow(WireError);
    expect(
      wire.decodeStatement(
        wire.encodeStatement("grant", "ESP256", b(1), () => b(64)),
        "grant",
      ).alg,
    ).toBe("ESP256");
  });
});
