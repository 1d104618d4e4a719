import { describe, expect, it } from "vitest";
import * as wire from "./index.ts";
import { WireError } from "./index.ts";
import { bundle } from "./test-support/values.ts";

describe("bundles", () => {
  it("have one rule for each purpose and detector", () => {
    const [purpose, detector] = [bundle.purposes[0] as wire.PurposeRule, bundle.detectors[0] as wire.DetectorRule];
    const twice = [
      { ...bundle, purposes: [purpose, { ...purpose, care: false }] },
      { ...bundle, detectors: [detector, { ...detector, parameters: null }] },
    ];
    for (const one of twice) expect(() => wire.encodeBundle(one)).toThrow(WireError);
    const bytes = wire.encodeBundle({ ...bundle, purposes: [purpose, { ...purpose, code: "TREAU" }] });
    bytes[bytes.lastIndexOf(0x55)] = 0x54; // TREAU becomes a second TREAT
    expect(() => wire.decodeBundle(bytes)).toThrow("twice");
  });
});
