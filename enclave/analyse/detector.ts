import type { Channel, CborValue, RecordingEvent, Series } from "@caladrius/wire";
import type { VitalId } from "./channels.ts";
import type { FindingList } from "./findings.ts";
import type { Parameters, ParameterSpec } from "./parameters.ts";
import type { Column, Tally } from "./plausibility.ts";
import type { SpanList } from "./spans.ts";

/** A recording after plausibility: what every detector reads. */
export interface Prepared {
  fromMs: number;
  toMs: number;
  columns: readonly Column[];
  /** ECG leads, raw, in the order of the recording */
  leads: readonly Channel[];
  /** waves that show the pulse (pleth, arterial pressure), raw, in the order of the recording; their samples are counted */
  pulses: readonly Channel[];
  /** channels of a code that nobody knows, raw; they are counted and reported as not assessed */
  unknown: readonly Channel[];
  events: readonly RecordingEvent[];
}

/** Where detectors leave what they found. */
export interface Report {
  findings: FindingList;
  spans: SpanList;
  series: Series[];
  tally: Tally;
}

/** A rule with its parameters in force, ready to run over any number of recordings. */
export interface Rule {
  run: (prepared: Prepared, report: Report) => void;
  /** by value + 1: the classes into which the rule divides the values of a vital sign; it sees values as runs of one class */
  tables: ReadonlyMap<VitalId, Uint8Array>;
}

/** One detector: a pure function over a prepared recording. */
export interface Detector {
  id: string;
  version: string;
  title: string;
  parameters: readonly ParameterSpec[];
  /** true: it reads the ECG leads by `ecgGroups`, which counts their samples */
  readsEcg?: true;
  /** true: it costs so much that it runs only where its id is listed */
  byNameOnly?: true;
  /** whether the recording holds anything that this detector reads */
  applies(prepared: Prepared): boolean;
  /** builds tables from parameters once */
  configure(parameters: Parameters): Rule;
}

/** A detector with parameters in force and their encoding. */
export interface Configured {
  detector: Detector;
  rule: Rule;
  encoded: Uint8Array;
}

/** All detectors with parameters in force, and what they tell apart together. */
export interface Configuration {
  detectors: readonly Configured[];
  identities: ReadonlyMap<VitalId, Uint16Array>;
}

/** Parameters as given by the policy bundle: detector id to a map of parameters. */
export type GivenParameters = ReadonlyMap<string, CborValue>;
