import { utf8Encode, type Recording } from "@caladrius/wire";
import { csvFile } from "./csv-file.ts";
import { ecgObservation, vitalSigns } from "./fhir-file.ts";
import { makeSampleRecordings } from "./recordings.ts";
import { wfdbFiles } from "./wfdb-file.ts";

/**
 * The sample recordings as hospitals keep them, by file name: a FHIR Bundle charted once a minute, NDJSON once in ten
 * seconds, CSV at 1 Hz, a WFDB record (format 212) and a FHIR SampledData strip.
 */
export function makeSampleFiles(seed = 1): Map<string, Uint8Array> {
  const recordings = new Map(makeSampleRecordings(seed).map((recording) => [recording.subject, recording]));
  const take = (subject: string): Recording => {
    const recording = recordings.get(subject);
    if (recording === undefined) throw new RangeError(`no sample ${subject}`);
    return recording;
  };
  const entry = vitalSigns(take("sample-deterioration"), 60).map((resource) => ({ resource }));
  const lines = vitalSigns(take("sample-stable"), 10).map((resource) => `${JSON.stringify(resource)}\n`);
  return new Map([
    ["sample-deterioration.json", utf8Encode(JSON.stringify({ resourceType: "Bundle", type: "collection", entry }, null, 1))],
    ["sample-stable.ndjson", utf8Encode(lines.join(""))],
    ["sample-desaturation.csv", utf8Encode(csvFile(take("sample-desaturation")))],
    ["sample-ecg-ectopy.json", utf8Encode(JSON.stringify(ecgObservation(take("sample-ecg-ectopy")), null, 1))],
    ...wfdbFiles(take("sample-ecg-pause")),
  ]);
}
