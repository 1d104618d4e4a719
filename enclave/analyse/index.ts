import { ConfigurationError, WireError, type Analysis, type CborValue, type Priority, type Recording } from "@caladrius/wire";
import { VITALS, type VitalId } from "./channels.ts";
import type { Configuration, Configured, Detector, GivenParameters, Prepared, Report } from "./detector.ts";
import { discord } from "./discord/discord.ts";
import { ecgAf } from "./ecg/af/ecg-af.ts";
import { ecgBeats } from "./ecg/ecg-beats.ts";
import { ecgEctopy } from "./ecg/ectopy/ecg-ectopy.ts";
import { ecgRhythm } from "./ecg/rhythm/ecg-rhythm.ts";
import { FindingList } from "./findings.ts";
import { glucose } from "./glucose/glucose.ts";
import { mews } from "./mews/mews.ts";
import { news2 } from "./news2/news2.ts";
import { encodeParameters, readParameters } from "./parameters.ts";
import { countOnly, newTally } from "./plausibility.ts";
import { prepare } from "./prepare.ts";
import { qsofa } from "./qsofa/qsofa.ts";
import { identitiesOf } from "./runs.ts";
import { SpanList, unionMs } from "./spans.ts";
import { thresholds } from "./thresholds.ts";
import { trend } from "./trend/trend.ts";

export type { RhythmAlarm, RhythmCode } from "./ecg/rhythm/alarm.ts";
export { AlarmStream } from "./ecg/rhythm/alarm-stream.ts";
export { CINC_2015_LIMITS, type RhythmLimits, type RhythmListener } from "./ecg/rhythm/rhythm-stream.ts";

const ALL: readonly Detector[] = [news2, qsofa, mews, thresholds, glucose, trend, discord, ecgBeats, ecgRhythm, ecgAf, ecgEctopy];

/** The detectors of this build, in the order in which they run. */
export const DETECTORS: readonly { id: string; version: string; title: string }[] = ALL.map(({ id, version, title }) => ({
  id,
  version,
  title,
}));

/** Which detectors run, and how. */
export interface AnalyseOptions {
  /** detector ids; empty for all that apply to the recording, but for those that run by name only */
  detectors: readonly string[];
  /** true: of the ids listed, those that do not apply are passed over instead of reported as not assessed */
  applying?: boolean;
  /** detector id to a CBOR map of parameters; what is not given has its default */
  parameters?: ReadonlyMap<string, CborValue>;
}

/**
 * Runs detectors over one decoded recording. Pure: the same recording and options give the same analysis, bit for bit, on
 * every machine (only + - * / and integer operations decide). Not a medical device.
 *
 * `recording` is what decodeRecording gave, and may come from anyone: values outside plausibility bounds are counted and
 * never used, at most 256 findings and 256 unassessed spans are listed, and work grows linearly with the samples.
 * @throws WireError schema-range for a detector id that this build does not have
 * @throws ConfigurationError detector-parameters for parameters of an unknown detector, of unknown name or out of range
 */
export function analyse(recording: Recording, options: AnalyseOptions): Analysis {
  const { detectors, identities } = configureAll(options.parameters);
  const report: Report = { findings: new FindingList(), spans: new SpanList(), series: [], tally: newTally() };
  const prepared = prepare(recording, identities, report);
  const chosen = choose(detectors, options, prepared);
  for (const { detector, rule } of chosen) {
    if (detector.applies(prepared)) rule.run(prepared, report);
    else notAssessed(prepared, report, detector.id, "no-channel");
  }
  if (chosen.length === 0) notAssessed(prepared, report, "analyse", "no-detector");
  if (!chosen.some(({ detector }) => detector.readsEcg === true)) for (const lead of prepared.leads) countOnly(lead, report.tally);
  return conclude(prepared, report, chosen);
}

function notAssessed({ fromMs, toMs }: Prepared, report: Report, detector: string, reason: string): void {
  report.spans.add({ detector, channel: null, fromMs, toMs, reason });
}

function choose(
  configured: readonly Configured[],
  { detectors: ids, applying = false }: AnalyseOptions,
  prepared: Prepared,
): readonly Configured[] {
  if (ids.length === 0) return configured.filter(({ detector }) => detector.byNameOnly !== true && detector.applies(prepared));
  for (const id of ids) {
    if (!ALL.some((detector) => detector.id === id)) throw new WireError("schema-range", "detectors: an id that this build does not have");
  }
  return configured.filter(({ detector }) => ids.includes(detector.id) && (!applying || detector.applies(prepared)));
}

function conclude(prepared: Prepared, { findings, spans, series, tally }: Report, chosen: readonly Configured[]): Analysis {
  const { fromMs, toMs } = prepared;
  const unassessed = spans.finish();
  const notAssessedMs = unionMs(unassessed);
  const listed = findings.finish(fromMs, toMs);
  const highestPriority: Priority = findings.highest;
  const rejected = Array.from(tally.rejected, ([reason, samples]) => ({ reason, samples }));
  return {
    findings: listed,
    coverage: { fromMs, toMs, samplesReceived: tally.received, rejected, gaps: tally.gaps, notAssessedMs, unassessed },
    alarmSummary: { anyAlarm: highestPriority !== "none", highestPriority, secondsNotAssessed: Math.ceil(notAssessedMs / 1000) },
    series,
    detectors: chosen.map(({ detector: { id, version }, encoded }) => ({ id, version, parameters: encoded.slice() })),
  };
}

function configure(given: GivenParameters): Configuration {
  for (const id of given.keys()) {
    if (!ALL.some((detector) => detector.id === id))
      throw new ConfigurationError("detector-parameters", "parameters of a detector that this build does not have");
  }
  const detectors = ALL.map((detector): Configured => {
    const parameters = readParameters(detector.id, detector.parameters, given.get(detector.id));
    return { detector, rule: detector.configure(parameters), encoded: encodeParameters(parameters) };
  });
  const identities = Object.values(VITALS).map(({ id, most, decimals }): [VitalId, Uint16Array] => {
    const tables = detectors.flatMap(({ rule }) => rule.tables.get(id) ?? []);
    return [id, identitiesOf(most * (decimals === 1 ? 10 : 1), tables)];
  });
  return { detectors, identities: new Map(identities) };
}

/** Tables are built once per parameter map, so a caller must not change a map that it has passed. */
function configureAll(given: GivenParameters = NONE_GIVEN): Configuration {
  const known = CONFIGURED.get(given);
  if (known !== undefined) return known;
  const made = configure(given);
  CONFIGURED.set(given, made);
  return made;
}

const NONE_GIVEN: GivenParameters = new Map();
const CONFIGURED = new WeakMap<GivenParameters, Configuration>();
