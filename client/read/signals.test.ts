import { describe, expect, it } from "vitest";
import { signalOfMdc, signalOfName } from "./signals.ts";

describe("signals by name and by IEEE 11073-10101 code", () => {
  // The numbers are the standard's own; a code of another meaning would be read, and written out, as what it is not.
  it.each([
    ["PLETH", 150_452], // MDC_PULS_OXIM_PLETH
    ["RESP", 151_780], // MDC_IMPED_TTHOR
    ["ABP", 150_036], // MDC_PRESS_BLD_ART
  ])("%s is mdc:%i", (name, code) => {
    expect(signalOfName(name)?.code).toBe(`mdc:${code}`);
    expect(signalOfMdc(String(code))?.code).toBe(`mdc:${code}`);
  });

  it("takes an ST amplitude (MDC_ECG_AMPL_ST, 131840) for no wave of breathing", () => {
    expect(signalOfMdc("131840")).toBeNull();
  });
});
