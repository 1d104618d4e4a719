import { ConfigurationError, encodeCbor, type CborValue } from "@caladrius/wire";

/** One parameter of a detector: an integer, or null where the rule may be switched off. */
export interface ParameterSpec {
  name: string;
  standard: number | null;
  least: number;
  most: number;
  /** whether null is allowed */
  optional: boolean;
}

/** Parameters as they are in force, by name. */
export type Parameters = ReadonlyMap<string, number | null>;

/** A mandatory integer. */
export function required(name: string, standard: number, least: number, most: number): ParameterSpec {
  return { name, standard, least, most, optional: false };
}

/** An integer or null for "no such rule". */
export function optional(name: string, standard: number | null, least: number, most: number): ParameterSpec {
  return { name, standard, least, most, optional: true };
}

/**
 * Joins given parameters with the defaults. `given` is a CBOR map from parameter name to integer (or null), null or
 * undefined for all defaults.
 * @throws ConfigurationError detector-parameters when a name is unknown or a value is of another type or outside its range
 */
export function readParameters(detector: string, specs: readonly ParameterSpec[], given: CborValue | undefined): Parameters {
  const values = new Map<string, number | null>(specs.map((spec) => [spec.name, spec.standard]));
  if (given === undefined || given === null) return values;
  if (!(given instanceof Map)) throw new ConfigurationError("detector-parameters", `${detector}: expected a map of parameters`);
  const byName = new Map(specs.map((spec) => [spec.name, spec]));
  for (const [name, value] of given as ReadonlyMap<number | string, CborValue>) {
    const spec = byName.get(String(name));
    if (spec === undefined) throw new ConfigurationError("detector-parameters", `${detector}: no parameter of this name`);
    if (!(value === null && spec.optional) && !(typeof value === "number" && value >= spec.least && value <= spec.most)) {
      throw new ConfigurationError(
        "detector-parameters",
        `${detector}.${spec.name}: expected an integer from ${spec.least} to ${spec.most}${spec.optional ? " or null" : ""}`,
      );
    }
    values.set(spec.name, value);
  }
  return values;
}

/** Deterministic CBOR of parameters, for the result. */
export function encodeParameters(parameters: Parameters): Uint8Array {
  return encodeCbor(parameters);
}

/** A mandatory parameter. */
export function numberOf(parameters: Parameters, name: string): number {
  return parameters.get(name) ?? 0;
}
