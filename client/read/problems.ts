/** One entry per code that reading a file can give: the rule behind it and what it means. */
export const READ_CODE = {
  "file-missing": { spec: "inputs", meaning: "a file that is not there or cannot be read" },
  "file-type": { spec: "inputs", meaning: "a file whose name tells no format that can be read" },
  "file-empty": { spec: "inputs", meaning: "an input that holds no vital signs" },
  "file-size": { spec: "limits", meaning: "more bytes than are read" },
  "file-gzip": { spec: "RFC 1952", meaning: "not a complete gzip file" },
  "text-utf8": { spec: "RFC 3629", meaning: "not valid UTF-8" },
  "json-syntax": { spec: "RFC 8259", meaning: "not JSON" },
  "json-duplicate-key": { spec: "RFC 8259 §4", meaning: "an object names one key twice" },
  "json-forbidden-key": { spec: "strict JSON", meaning: "a key that can change objects of a program" },
  "json-limit": { spec: "limits", meaning: "JSON nested deeper or holding more values than is read" },
  "fhir-shape": { spec: "FHIR R4 Observation", meaning: "an element that is missing or has another type" },
  "fhir-resource": { spec: "FHIR R4 Resource", meaning: "not an Observation, nor a Bundle of them" },
  "fhir-subject": { spec: "FHIR R4 Observation.subject", meaning: "an observation whose patient cannot be named" },
  "fhir-time": { spec: "FHIR R4 vital signs vs-1", meaning: "an effective time that is no instant" },
  "fhir-modifier": {
    spec: "FHIR R4 §2.4.1.3 modifier elements",
    meaning: "an observation whose meaning something changes that is not read",
  },
  "fhir-xml": { spec: "FHIR R4 §2.6", meaning: "FHIR in XML, of which the JSON form alone is read" },
  "fhir-status": { spec: "FHIR R4 Observation.status", meaning: "a status that is missing, or none of the standard" },
  "fhir-category": { spec: "FHIR R4 vital signs profile", meaning: "a vital sign without the category vital-signs" },
  "fhir-profile": { spec: "FHIR R4 vital signs profile", meaning: "a vital sign without a code or component its profile demands" },
  "fhir-device": { spec: "FHIR R4 Observation.device", meaning: "values of one subject from several devices" },
  "fhir-coding": { spec: "FHIR R4 Observation.code", meaning: "codings of one observation that mean different signals" },
  "fhir-value": { spec: "FHIR R4 vital signs vs-2, vs-3", meaning: "a value of another kind than its code has" },
  "fhir-unit": { spec: "UCUM", meaning: "a unit that this signal is not measured in" },
  "fhir-sampled-data": { spec: "FHIR R4 SampledData", meaning: "sampled data that cannot be read" },
  "wfdb-header": { spec: "WFDB header(5)", meaning: "a header outside the grammar" },
  "wfdb-unsupported": { spec: "WFDB signal(5)", meaning: "a record of a kind that is not read" },
  "wfdb-truncated": { spec: "WFDB signal(5)", meaning: "a signal file that is shorter than its header says" },
  "wfdb-checksum": { spec: "WFDB header(5)", meaning: "samples that are not those the header was written for" },
  "wfdb-initial-value": { spec: "WFDB header(5)", meaning: "a first sample that is not the one the header was written for" },
  "wfdb-mat": { spec: "MATLAB level 4 MAT-file", meaning: "a .mat file that is not the matrix its header describes" },
  "file-outside": { spec: "inputs", meaning: "a file whose real place is outside the folder it is read from" },
  "csv-header": { spec: "CSV grammar", meaning: "a header or comment line outside the grammar" },
  "csv-zone": { spec: "IANA time zones", meaning: "a time zone that there is not" },
  "csv-time": { spec: "CSV grammar", meaning: "a time that names no moment, or more than one" },
  "csv-subject": {
    spec: "CSV grammar",
    meaning: "different values of one signal and time in a file that names no subjects: rows of several subjects need a column subject",
  },
  "csv-row": { spec: "RFC 4180", meaning: "a row outside the grammar" },
  "csv-value": { spec: "CSV grammar", meaning: "a cell that is no value of its column" },
  "time-range": { spec: "recording.cddl", meaning: "a time before 1970, or more than 49 days after the first of its channel" },
  "time-future": { spec: "clock", meaning: "a time after the present" },
  "value-implausible": {
    spec: "plausibility bounds",
    meaning: "a value that no patient has: the enclave leaves it out, and counts it in the coverage",
  },
  "value-jump": { spec: "plausibility bounds", meaning: "a change faster than a body's" },
  "value-flat": { spec: "FHIR R4 SampledData", meaning: "a wave that never moves" },
  "value-range": { spec: "recording.cddl", meaning: "a number that a recording cannot hold" },
  "wave-overlap": { spec: "recording.cddl", meaning: "two waveforms of one lead that disagree about the same time" },
  "recording-limit": { spec: "recording.cddl", meaning: "more channels, events or samples than a recording holds" },
  "more-problems": { spec: "limits", meaning: "more problems in this file than are listed" },
} as const;

/** Why something in a file was not read; stable across versions. */
export type ReadCode = keyof typeof READ_CODE;

/** One thing that was not read: the file, the place in it (a line, a path or a byte count), what should be there and what is. */
export interface ReadProblem {
  file: string;
  code: ReadCode;
  /** sender: whoever wrote the file; reader: whoever reads it here, by another option, file or limit */
  who: "sender" | "reader";
  where: string;
  expected: string;
  actual: string;
  /** the whole sentence, with control and bidirectional characters escaped */
  message: string;
}

/** What was read and deserves a look: the first place of each kind in each file, and how often. */
export interface ReadWarning extends ReadProblem {
  count: number;
}

/** Thrown inside this folder alone: every public function turns it into a `ReadProblem`. */
export class ReadError extends Error {
  override readonly name = "ReadError";
  readonly code: ReadCode;
  readonly where: string;
  readonly expected: string;
  readonly actual: string;
  constructor(code: ReadCode, where: string, expected: string, actual: string) {
    super(`${READ_CODE[code].meaning}: ${where}: expected ${expected}, got ${actual}`);
    this.code = code;
    this.where = where;
    this.expected = expected;
    this.actual = actual;
  }
}

/** Binds an error to the file it arose in. */
export function toProblem(file: string, error: ReadError): ReadProblem {
  const { code, where, expected, actual } = error;
  return {
    file,
    code,
    who: READERS.has(code) ? "reader" : "sender",
    where: escape(where),
    expected: escape(expected),
    actual: escape(actual),
    message: escape(`${file}: ${error.message}`),
  };
}

/** Shows a text from a file inside a message: quoted, escaped, at most 60 characters of it. */
export function quote(text: string): string {
  return escape(JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text));
}

/** Whoever reads a message must see it as it is: no control, bidirectional or invisible characters (attacker-controlled). */
function escape(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}

/** What is mended here, without another file from the sender. */
const READERS: ReadonlySet<ReadCode> = new Set([
  "file-missing",
  "file-type",
  "file-size",
  "file-outside",
  "csv-zone",
  "json-limit",
  "recording-limit",
]);
