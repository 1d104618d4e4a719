import { scaleOf } from "./fixed-point.ts";
import { optionalElement, optionalNumber, optionalText, type Element } from "./fhir-elements.ts";
import { decimalOf, unitOf, type Context } from "./fhir-quantity.ts";
import { quote, ReadError } from "./problems.ts";
import { multiply, parseDecimal, rational } from "./rational.ts";
import { rateFromPeriodMs } from "./rate.ts";
import { parseSampledValues } from "./sampled-data.ts";
import { conversionFrom, convert, unitsOf, type Signal } from "./signals.ts";

/**
 * Reads one SampledData as a channel: value = origin + factor * data (FHIR R4 §2.24.0.12), kept as exact integers. Where
 * the observation has a period with an end, the number of samples must fit it to within one sample.
 * @throws ReadError fhir-shape, fhir-unit, fhir-sampled-data, value-range, recording-limit
 */
export function readSampledData(sampled: Element, signal: Signal, context: Context): void {
  const { path } = sampled;
  const origin = optionalElement(sampled, "origin");
  const originText = origin === null ? null : optionalNumber(origin, "value");
  if (origin === null || originText === null) throw new ReadError("fhir-sampled-data", `${path}.origin`, "a value with unit", "none");
  const conversion = conversionFrom(signal, unitOf(origin));
  if (conversion === null) throw new ReadError("fhir-unit", `${path}.origin.code`, unitsOf(signal), quote(unitOf(origin)));
  const dimensions = optionalNumber(sampled, "dimensions");
  if (dimensions !== "1") throw new ReadError("fhir-sampled-data", `${path}.dimensions`, "1", dimensions ?? "none");
  const periodText = optionalNumber(sampled, "period") ?? "none";
  const rate = rateFromPeriodMs(periodText);
  if (rate === null) throw new ReadError("fhir-sampled-data", `${path}.period`, "0.001 ms to 10^6 s", quote(periodText));
  const data = optionalText(sampled, "data");
  if (data === null) throw new ReadError("fhir-sampled-data", `${path}.data`, "samples", "none");

  const { samples, missing, decimals, tokensMissing } = parseSampledValues(data, `${path}.data`);
  if (samples.length === 0) throw new ReadError("fhir-sampled-data", `${path}.data`, "samples", "none");
  checkDuration(samples.length, rate, context, path);
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
  if (tokensMissing > 0) context.collector.count("outside-limits", context.subject, tokensMissing);
  const timing = { kind: "rate" as const, ...rate };
  context.collector.wave(context.subject, {
    code: signal.code,
    unit: signal.unit,
    startMs: context.startMs,
    timing,
    samples,
    scale,
    missing,
  });
}

function checkDuration(count: number, rate: { numerator: number; denominator: number }, context: Context, path: string): void {
  if (context.endMs === null) return;
  const expected = ((context.endMs - context.startMs) * rate.numerator) / (1000 * rate.denominator);
  if (Math.abs(count - expected) <= 1 + rate.numerator / (1000 * rate.denominator)) return; // times are whole milliseconds
  throw new ReadError("fhir-sampled-data", `${path}.data`, `${Math.round(expected)} samples for the observation's period`, String(count));
}
