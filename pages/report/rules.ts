import { createHash } from "node:crypto";
import { analyse, DETECTORS } from "@caladrius/enclave/analyse";
import { decodeCbor, equalBytes, type DisclosureValues, type Recording } from "@caladrius/wire";

/** A detector of a result with its parameters, null where they are not the ones that this build knows. */
export interface RuleInForce {
  readonly id: string;
  readonly version: string;
  readonly parametersDigest: Uint8Array;
  readonly parameters: ReadonlyMap<string, number | null> | null;
}

/**
 * The detectors of a result with their parameters. A result discloses only the digest of these: where version and digest
 * are those of this build's defaults, the defaults are what was in force.
 */
export function rulesInForce(disclosed: DisclosureValues["detectors"]): readonly RuleInForce[] {
  const ids = DETECTORS.map(({ id }) => id).filter((id) => disclosed.some((one) => one.id === id));
  const own = ids.length === 0 ? [] : analyse(PROBE, { detectors: ids }).detectors;
  return disclosed.map((one) => {
    const same = own.find(
      ({ id, version, parameters }) => id === one.id && version === one.version && equalBytes(sha256(parameters), one.parametersDigest),
    );
    return { ...one, parameters: same === undefined ? null : readMap(same.parameters) };
  });
}

function readMap(encoded: Uint8Array): ReadonlyMap<string, number | null> {
  const decoded = decodeCbor(encoded);
  if (!(decoded instanceof Map)) return new Map();
  return new Map(
    [...decoded].flatMap(([name, value]) => (typeof value === "number" || value === null ? [[String(name), value] as const] : [])),
  );
}

function sha256(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash("sha256").update(bytes).digest());
}

/** Something to run the detectors over, as only a run gives the encoding of their parameters. */
const PROBE: Recording = {
  subject: "probe",
  device: "probe",
  channels: [
    {
      code: "loinc:8867-4",
      unit: "/min",
      startMs: 0,
      timing: { kind: "rate", numerator: 1, denominator: 1 },
      samples: Int16Array.of(70),
      scale: { numerator: 1, offset: 0, denominator: 1 },
      missing: -1,
    },
  ],
  events: [],
};
