import { ConfigurationError } from "@caladrius/wire";
import { describe, expect, it } from "vitest";
import { Refusal } from "../verdict/refusal.ts";
import { asConfiguration } from "./configuration.ts";

describe("asConfiguration", () => {
  it("gives what the check gives, and turns its refusals into errors of the operator", () => {
    expect(asConfiguration(() => 7)).toBe(7);
    const refusal = new Refusal("trust-json", { actual: "nothing" });
    const refused = (): never => {
      throw refusal;
    };
    expect(() => asConfiguration(refused)).toThrow(new ConfigurationError("trust-json", refusal.message));
  });

  it("lets a bug be one", () => {
    const broken = (): never => {
      throw new RangeError("a bug");
    };
    expect(() => asConfiguration(broken)).toThrow(RangeError);
  });
});
