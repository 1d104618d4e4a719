import { toHex } from "@caladrius/wire";
import { describe, expect, it } from "vitest";
import { foundConstitution, testConstitution } from "../generate/test-approvals.ts";
import { extended } from "../generate/test-result.ts";
import { pcr } from "../generate/test-pki.ts";
import { parsePcrSet } from "../appraise/pcr-set.ts";
import { pinConstitution } from "./pin-constitution.ts";

const { statement, constitution, constitutionDigest } = foundConstitution();
const other = foundConstitution(testConstitution({ name: "another" }));
const sets = (...values: (Uint8Array | null)[]): ReturnType<typeof parsePcrSet>[] =>
  values.map((value) =>
    parsePcrSet(
      { 0: toHex(pcr(1)), 1: toHex(pcr(1)), 2: toHex(pcr(1)), ...(value === null ? {} : { 16: toHex(value) }) },
      { allowDebug: false },
    ),
  );

describe("the constitution to judge by", () => {
  it("is the one of the trust file", () => {
    const trust = { constitution: { constitution, constitutionDigest }, pcrSets: [] };
    expect(pinConstitution(trust, null)).toBe(trust.constitution);
    expect(pinConstitution(trust, statement)).toEqual(trust.constitution);
    expect(() => pinConstitution(trust, other.statement)).toThrow("not the one that PCR16 measures");
  });

  it("is else one that PCR16 of a trusted set measures", () => {
    const trust = { constitution: null, pcrSets: sets(null, pcr(2), extended(constitutionDigest)) };
    expect(pinConstitution(trust, null)).toBeNull();
    expect(pinConstitution(trust, statement)).toEqual({ constitution, constitutionDigest });
    expect(() => pinConstitution(trust, other.statement)).toThrow("not the one that PCR16 measures");
    expect(() => pinConstitution({ constitution: null, pcrSets: sets(null) }, statement)).toThrow("expected a trusted PCR16");
  });
});
