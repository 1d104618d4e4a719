import { encodeCbor, type CborValue } from "@caladrius/wire";
import type { Code } from "./code.ts";
import type { Json } from "./verdict-json.ts";
import type { Verdict } from "./verdict.ts";

/** What an EAR says beside the verdict. */
export interface EarOptions {
  /** when the verdict was given, Unix seconds */
  readonly issuedAt: number;
  /** the build of this verifier, such as "caladrius 0.1.0" */
  readonly build: string;
}

/**
 * The verdict as an EAT Attestation Result (draft-ietf-rats-ear-04 §3) in JSON: unsigned, with one submodule "nitro" whose
 * private claim "caladrius_verdict" holds code, stage, spec, sentence, reasons, notChecked, mode and at.
 */
export function verdictEar(verdict: Verdict<unknown, string>, { issuedAt, build }: EarOptions): { readonly [key: string]: Json } {
  const vector = trustworthiness(verdict);
  return {
    eat_profile: PROFILE,
    iat: issuedAt,
    ear_verifier_id: { developer: DEVELOPER, build },
    submods: {
      nitro: {
        ear_status: verdict.status,
        ...(vector === null ? {} : { ear_trustworthiness_vector: Object.fromEntries(vector.map(([name, , value]) => [name, value])) }),
        caladrius_verdict: details(verdict),
      },
    },
  };
}

/** The same in CBOR, deterministically encoded: integer labels where the draft has them, -70100 for the private claim. */
export function encodeVerdictEar(verdict: Verdict<unknown, string>, { issuedAt, build }: EarOptions): Uint8Array {
  const vector = trustworthiness(verdict);
  const nitro = new Map<number, CborValue>([
    [LABEL.status, TIER[verdict.status]],
    ...(vector === null ? [] : ([[LABEL.vector, new Map(vector.map(([, label, value]) => [label, value]))]] as [number, CborValue][])),
    [LABEL.details, new Map<string, CborValue>(Object.entries(details(verdict)))],
  ]);
  return encodeCbor(
    new Map<number, CborValue>([
      [LABEL.profile, PROFILE],
      [LABEL.issuedAt, issuedAt],
      [
        LABEL.verifier,
        new Map<number, CborValue>([
          [0, DEVELOPER],
          [1, build],
        ]),
      ],
      [LABEL.submodules, new Map<string, CborValue>([["nitro", nitro]])],
    ]),
  );
}

function details({ code, stage, spec, sentence, mode, atMs, notChecked, ...verdict }: Verdict<unknown, string>) {
  const reasons: readonly string[] = verdict.status === "contraindicated" ? [code] : verdict.reasons;
  const at = atMs === null ? null : new Date(atMs).toISOString();
  return { code, stage, spec, sentence, reasons: [...reasons], notChecked: [...notChecked], mode, at };
}

/**
 * What an accepted verdict says in the terms of draft-ietf-rats-ar4si §2.3: [JSON name, CBOR label, tier]. Of what was refused
 * nothing is claimed but the status.
 */
function trustworthiness(verdict: Verdict<unknown, string>): readonly (readonly [string, number, number])[] | null {
  if (verdict.status === "contraindicated") return null;
  const has = (code: Code): boolean => verdict.reasons.includes(code);
  const tier = (doubtful: boolean): number => (doubtful ? TIER.warning : TIER.affirming);
  return [
    ["instance-identity", 0, tier(has("simulator") || has("inconsistent"))],
    // in debug mode nothing is measured, and a simulator's measurements are what its own software says
    ["configuration", 1, tier(has("debug") || has("simulator"))],
    ["executables", 2, tier(has("debug") || has("simulator"))],
    ["hardware", 4, tier(has("simulator"))],
    ["runtime-opaque", 5, tier(has("debug") || has("simulator"))],
  ];
}

const PROFILE = "tag:ietf.org,2026:rats/ear#04";
const DEVELOPER = "https://caladrius.example";
const TIER = { affirming: 2, warning: 32, contraindicated: 96 } as const;
const LABEL = {
  issuedAt: 6,
  profile: 265,
  submodules: 266,
  status: 1000,
  vector: 1001,
  verifier: 1004,
  details: -70100, // private use, RFC 8392 §9.1
} as const;
