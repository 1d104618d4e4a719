import { scaleOf } from "./fixed-point.ts";
import { optionalElement, optionalNumber, optionalText, type Element } from "./fhir-elements.ts";
import { decimalOf, unitOf, type Context } from "./fhir-quantity.ts";
import { quote, ReadError } from "./problems.ts";
import { multiply, parseDecimal, rational } from "./rational.ts";
import { rateFromPeriodMs } from "./rate.ts";
import { parseSampledValues, type SampledValues } from "./sampled-data.ts";
import { conversionFrom, convert, unitsOf, type Signal } from "./signals.ts";

/**
 * Reads one SampledData as a channel for each of its dimensions, whose samples stand in turn: value = origin + factor * data
 * (FHIR R4 §2.24.0.12), kept as exact integers. Values outside the declared limits are carried as missing. Where the
 * observation has a period with an end, the number of samples must fit it to within one sample.
 * @throws ReadError fhir-shape, fhir-unit, fhir-sampled-data, value-range, recording-limit
 */
export function readSampledData(sampled: Element, signal: Signal, context: Context): void {
  const { path } = sampled;
  const origin = optionalElement(sampled, "origin");
  const originText = origin === null ? null : optionalNumber(origin, "value");
  if (origin === null || originText === null) throw new ReadError("fhir-sampled-data", `${path}.origin`, "a value with unit", "none");
  const conversion = conversionFrom(signal, unitOf(origin));
  if (conversion === null) throw new ReadError("fhir-unit", `${path}.origin.code`, unitsOf(signal), quote(unitOf(origin)));
  const dimensions = dimensionsOf(sampled);
  const periodText = optionalNumber(sampled, "period") ?? "none";
  const rate = rateFromPeriodMs(periodText);
  if (rate === null) throw new ReadError("fhir-sampled-data", `${path}.period`, "0.001 ms to 10^6 s", quote(periodText));
  const data = optionalText(sampled, "data");
  if (data === null) throw new ReadError("fhir-sampled-data", `${path}.data`, "samples", "none");

  const values = parseSampledValues(data, `${path}.data`);
  const { decimals } = values;
  if (values.samples.length === 0) throw new ReadError("fhir-sampled-data", `${path}.data`, "samples", "none");
  if (values.samples.length % dimensions !== 0)
    throw new ReadError(
      "fhir-sampled-data",
      `${path}.data`,
      `as many samples of each of ${dimensions} dimensions`,
      `${values.samples.length} in all`,
    );
  checkDuration(values.samples.length / dimensions, rate, context, path);
  const factor = parseDecimal(optionalNumber(sampled, "factor") ?? "1") ?? rational(0n, 1n);
  const perRaw = multiply(multiply(factor, rational(1n, 10n ** BigInt(decimals))), conversion.factor);
  const scale = scaleOf(perRaw, convert(decimalOf(originText, `${path}.origin`), conversion));
  if (scale === null) {
    throw new ReadError(
      "value-range",
      path,
      "a positive factor and an origin within 40 bits",
      `${quote(originText)}, ${optionalNumber(sampled, "factor")}`,
    );
  }
  const outside = values.tokensMissing + dropOutside(sampled, values);
  if (outside > 0) context.collector.count("outside-limits", context.subject, outside);
  const place = { file: context.file, where: `${path}.data` };
  for (let dimension = 0; dimension < dimensions; dimension++) {
    const samples = dimensions === 1 ? values.samples : values.samples.filter((_, i) => i % dimensions === dimension);
    const { code, unit } = signal;
    const { missing } = values;
    if (isFlat(samples, missing))
      context.collector.warn(
        context.file,
        "value-flat",
        () => new ReadError("value-flat", place.where, "samples that differ", `${samples.length} times the same`),
      );
    const channel = { code, unit, startMs: context.startMs, timing: { kind: "rate" as const, ...rate }, samples, scale, missing };
    context.collector.wave(context.subject, channel, place, dimensions === 1 ? "" : `dimension ${dimension + 1}`, context.id);
  }
}

function dimensionsOf(sampled: Element): number {
  const text = optionalNumber(sampled, "dimensions");
  const dimensions = text !== null && /^\d{1,2}$/.test(text) ? Number(text) : 0;
  if (dimensions < 1 || dimensions > MAX_DIMENSIONS)
    throw new ReadError("fhir-sampled-data", `${sampled.path}.dimensions`, `1 to ${MAX_DIMENSIONS}`, text ?? "none");
  return dimensions;
}

/** Marks values outside the declared limits as missing: lowerLimit and upperLimit are of the data itself, before factor and origin. */
function dropOutside(sampled: Element, { samples, missing, decimals }: SampledValues): number {
  const [low, high] = ["lowerLimit", "upperLimit"].map((key) => {
    const text = optionalNumber(sampled, key);
    if (text === null) return null;
    const { n, d } = decimalOf(text, `${sampled.path}.${key}`);
    return (Number(n) / Number(d)) * 10 ** decimals;
  });
  if (typeof low === "number" && typeof high === "number" && low > high)
    throw new ReadError("fhir-sampled-data", `${sampled.path}.upperLimit`, "a limit above lowerLimit", "one below");
  let dropped = 0;
  samples.forEach((raw, i) => {
    if (raw === missing || (raw >= (low ?? raw) && raw <= (high ?? raw))) return;
    samples[i] = missing;
    dropped++;
  });
  return dropped;
}

function isFlat(samples: Int16Array | Int32Array, missing: number): boolean {
  return samples.length >= MIN_FLAT && samples[0] !== missing && samples.every((sample) => sample === samples[0]);
}

function checkDuration(count: number, rate: { numerator: number; denominator: number }, context: Context, path: string): void {
  if (context.endMs === null) return;
  const expected = ((context.endMs - context.startMs) * rate.numerator) / (1000 * rate.denominator);
  if (Math.abs(count - expected) <= 1 + rate.numerator / (1000 * rate.denominator)) return; // times are whole milliseconds
  throw new ReadError("fhir-sampled-data", `${path}.data`, `${Math.round(expected)} samples for the observation's period`, String(count));
}

const MAX_DIMENSIONS = 16;
/** Fewer equal samples may be chance. */
const MIN_FLAT = 100;
