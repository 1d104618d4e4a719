import type { EpochUnit } from "./csv-time.ts";
import { quote, ReadError } from "./problems.ts";
import { conversionFrom, signalOfLoinc, signalOfMdc, signalOfName, unitsOf, ucumOf, type Signal } from "./signals.ts";
import type { Rational } from "./rational.ts";

/** What a column of a CSV file holds. */
export type CsvColumn =
  | { kind: "time"; unit: EpochUnit }
  | { kind: "subject" | "device" }
  | { kind: "oxygen" | "consciousness" | "spo2-scale" }
  | { kind: "signal"; signal: Signal; conversion: { factor: Rational; offset: Rational } };

/**
 * Parses one header cell: `time`, `subject`, `device`, `oxygen`, `consciousness`, `spo2-scale`, or a signal by code or
 * short name with its unit in brackets or parentheses: `8867-4 [/min]`, `loinc:8310-5 [[degF]]`, `mdc:147842 (/min)`,
 * `SpO2 [%]`. Without a unit the signal's own is meant, but glucose must have one. `time [s]` and `time [ms]` say what plain numbers are.
 * @throws ReadError csv-header
 */
export function parseCsvColumn(cell: string, where: string): CsvColumn {
  const plain = cell.toLowerCase();
  switch (plain) {
    case "time":
    case "timestamp":
    case "datetime":
      return { kind: "time", unit: null };
    case "time [s]":
    case "time (s)":
      return { kind: "time", unit: "s" };
    case "time [ms]":
    case "time (ms)":
      return { kind: "time", unit: "ms" };
    case "subject":
    case "device":
    case "oxygen":
    case "consciousness":
    case "spo2-scale":
      return { kind: plain };
    default:
  }
  const [, name = "", square, round] = /^([^[(]{1,60}?)\s*(?:\[(.{1,40})\]|\((.{1,40})\))?$/.exec(cell) ?? [];
  const unitText = square ?? round;
  const signal = signalOf(name);
  if (signal === null) throw new ReadError("csv-header", where, "time, subject, a LOINC or 11073 code or a known name", quote(cell));
  if (unitText === undefined && isAmbiguous(signal, name))
    throw new ReadError("csv-header", where, `the unit: ${quote(`${name} [${signal.unit}]`)} or ${quote(`${name} [mmol/L]`)}`, quote(cell));
  const unit = unitText === undefined ? signal.unit : ucumOf(unitText);
  const conversion = conversionFrom(signal, unit);
  if (conversion === null) throw new ReadError("csv-header", where, `the unit ${unitsOf(signal)}`, quote(unit));
  return { kind: "signal", signal, conversion };
}

/** 12 mmol/L is a high glucose and 12 mg/dL a coma: only the LOINC codes for mass per volume say which without a unit. */
function isAmbiguous(signal: Signal, name: string): boolean {
  return signal.code === "loinc:2339-0" && !/^(?:loinc:)?(?:2339-0|99504-3)$/i.test(name);
}

function signalOf(name: string): Signal | null {
  const [, system, code = ""] = /^(loinc:|mdc:)?(\d{1,7}-\d|\d{6})$/i.exec(name) ?? [];
  if (code.includes("-")) return system?.toLowerCase() === "mdc:" ? null : signalOfLoinc(code);
  if (code !== "") return system?.toLowerCase() === "loinc:" ? null : signalOfMdc(code);
  return signalOfName(name);
}
