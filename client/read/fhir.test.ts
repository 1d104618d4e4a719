import { decodeRecording, encodeRecording, utf8Encode } from "@caladrius/wire";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readFhir } from "./fhir.ts";
import { atMinute, bundle, code, LOINC, MDC, minuteOf, observation, only, quantity, read, values, type Fields } from "./fhir.fixture.ts";

const heartRate = (value: number, status = "final"): Fields => observation({ status, valueQuantity: quantity(value, "/min") });

describe("vital signs", () => {
  it("reads one observation", () => {
    const recording = only(read(observation({ valueQuantity: quantity(48, "/min"), device: { reference: "Device/d7" } })));
    expect(recording).toMatchObject({ subject: "p1", device: "d7", events: [] });
    expect(recording.channels).toHaveLength(1);
    expect(recording.channels[0]).toMatchObject({ code: "loinc:8867-4", unit: "/min", startMs: Date.UTC(2026, 0, 1, 8) });
    expect(values(recording.channels[0]!)).toEqual([48]);
  });

  it("reads a blood pressure panel, a part of which is absent", () => {
    const component = [
      { code: code("8480-6"), valueQuantity: quantity(120, "mm[Hg]") },
      { code: code("8462-4"), dataAbsentReason: { text: "cuff" } },
    ];
    const result = read(observation({ code: code("85354-9"), component }));
    expect(only(result).channels.map((channel) => [channel.code, values(channel)])).toEqual([
      ["loinc:8462-4", [null]],
      ["loinc:8480-6", [120]],
    ]);
    expect(result.recordings[0]?.notUsed).toEqual([{ reason: "value-absent", count: 1 }]);
  });

  it("converts Fahrenheit and mmol/L exactly", () => {
    const temperature = only(read(observation({ code: code("8310-5"), valueQuantity: quantity(98.6, "[degF]") })));
    expect(values(temperature.channels[0]!)).toEqual([37]);
    const glucose = only(read(observation({ code: code("15074-8"), valueQuantity: quantity(5.5, "mmol/L") })));
    expect(glucose.channels[0]).toMatchObject({ code: "loinc:2339-0", unit: "mg/dL" });
    expect(values(glucose.channels[0]!)).toEqual([99.1001]);
  });

  it("turns oxygen and consciousness into events", () => {
    const heart = observation({ valueQuantity: quantity(80, "/min") });
    const recording = only(
      read(
        bundle(
          observation({ ...atMinute(4), code: code("3150-6"), valueQuantity: quantity(40, "%") }),
          observation({ ...atMinute(1), code: code("3150-6"), valueQuantity: quantity(21, "%") }),
          observation({ ...atMinute(2), code: code("3151-8"), valueQuantity: quantity(2, "L/min") }),
          observation({ ...atMinute(1), code: code("67775-7"), valueCodeableConcept: code("LA9340-6") }),
          observation({ ...atMinute(3), code: code("67775-7"), valueCodeableConcept: code("130987000", "http://snomed.info/sct") }),
          heart,
        ),
      ),
    );
    expect(recording.events.map((event) => [minuteOf(event.atMs), event.kind, event.value])).toEqual([
      [1, "oxygen", "off"],
      [1, "consciousness", "A"],
      [2, "oxygen", "on"],
      [3, "consciousness", "C"],
      [4, "oxygen", "on"],
    ]);
  });

  it("never makes a number of a comparator or an absent value", () => {
    const result = read(
      bundle(
        observation({ valueQuantity: { ...quantity(30, "/min"), comparator: "<" } }),
        observation({ effectiveDateTime: "2026-01-01T08:00:01Z", dataAbsentReason: code("error") }),
        observation({ effectiveDateTime: "2026-01-01T08:00:02Z", valueQuantity: quantity(70, "/min") }),
      ),
    );
    expect(values(only(result).channels[0]!)).toEqual([null, null, 70]);
    expect(result.recordings[0]?.notUsed).toEqual([
      { reason: "comparator", count: 1 },
      { reason: "value-absent", count: 1 },
    ]);
  });

  it("uses final, amended and corrected results alone, and counts the others", () => {
    const states = ["registered", "preliminary", "cancelled", "entered-in-error", "unknown", "corrected", "final"];
    const result = read(
      bundle(
        ...states.map((status, i) =>
          observation({ status, effectiveDateTime: `2026-01-01T08:00:0${i}Z`, valueQuantity: quantity(60 + i, "/min") }),
        ),
      ),
    );
    expect(values(only(result).channels[0]!)).toEqual([65, 66]);
    expect(result.recordings[0]?.notUsed).toEqual([
      { reason: "status-not-final", count: 3 },
      { reason: "status-withdrawn", count: 2 },
    ]);
  });

  it("takes the corrected value of one time, and counts repeats and conflicts", () => {
    const result = read(bundle(heartRate(80), heartRate(80), heartRate(82), heartRate(90, "corrected")));
    expect(values(only(result).channels[0]!)).toEqual([90]);
    expect(result.recordings[0]?.notUsed).toEqual([{ reason: "conflict", count: 3 }]);
    expect(read(bundle(heartRate(80), heartRate(80))).recordings[0]?.notUsed).toEqual([{ reason: "duplicate", count: 1 }]);
  });

  it("keeps subjects apart and goes on behind what it cannot read", () => {
    const result = read(
      bundle(
        { resourceType: "Patient", id: "p1" },
        observation({ valueQuantity: quantity(80, "bpm") }),
        observation({ valueQuantity: quantity(81, "/min"), subject: { reference: "Patient/p2" } }),
        observation({ valueQuantity: quantity(82, "/min"), subject: { reference: "urn:uuid:0a" } }),
      ),
    );
    expect(result.recordings.map(({ recording }) => recording.subject)).toEqual(["p2", "urn:uuid:0a"]);
    expect(result.notUsed).toEqual([{ reason: "not-an-observation", count: 1 }]);
    expect(result.problems).toMatchObject([
      { code: "fhir-unit", where: "Bundle.entry[1].resource.valueQuantity.code", expected: "/min", actual: '"bpm"' },
    ]);
  });

  it("leaves out what a later version withdraws, in whichever order and file", () => {
    const named = (id: string, fields: Fields): Fields => observation({ id, valueQuantity: quantity(80, "/min"), ...fields });
    const strip = { origin: quantity(0, "mV"), period: 4, dimensions: 1, data: "1 2 3" };
    const versions = [
      named("a", {}),
      named("b", atMinute(1)),
      named("e", { code: code("67775-7"), valueQuantity: undefined, valueCodeableConcept: code("LA9340-6") }),
      named("w", { code: code("131330", MDC), valueQuantity: undefined, valueSampledData: strip }),
      ...["a", "e", "w"].map((id) => named(id, { status: "entered-in-error" })),
    ];
    for (const order of [versions, versions.toReversed()]) {
      const result = read(bundle(...order));
      const { channels, events } = only(result);
      expect(channels.map((channel) => [channel.code, minuteOf(channel.startMs)])).toEqual([["loinc:8867-4", 1]]);
      expect(events).toEqual([]);
      expect(result.recordings[0]?.notUsed).toEqual([{ reason: "status-withdrawn", count: 6 }]);
    }
    expect(read({ ...bundle(...versions), type: "history" }).problems).toMatchObject([{ code: "fhir-resource", where: "Bundle.type" }]);
  });

  it("takes one name of two systems for no one patient", () => {
    const of = (subject: Fields): Fields => observation({ valueQuantity: quantity(80, "/min"), subject });
    const [first, second] = ["urn:oid:1.2.3", "urn:oid:1.2.4"].map((system) => of({ identifier: { system, value: "7" } }));
    expect(only(read(bundle(first!, first!))).subject).toBe("7");
    for (const other of [second!, of({ reference: "Patient/7" })])
      expect(read(bundle(first!, other))).toMatchObject({
        recordings: [{ recording: { subject: "7" } }],
        problems: [{ code: "fhir-subject", where: "Bundle.entry[1].resource.subject" }],
      });
    expect(only(read(of({ reference: "https://a.example/fhir/Patient/7/_history/2" }))).subject).toContain("https://a.example");
  });

  it.each<[string, Fields, string, string]>([
    ["a focus that is not the patient", { focus: [{ reference: "Patient/fetus" }] }, "fhir-subject", "Observation.focus"],
    ["a modifier extension", { modifierExtension: [{ url: "x" }] }, "fhir-modifier", "Observation.modifierExtension"],
    ["rules of another kind", { implicitRules: "urn:x" }, "fhir-modifier", "Observation.implicitRules"],
    [
      "a modifier extension of a part",
      { component: [{ code: code("9279-1"), modifierExtension: [{ url: "x" }], valueQuantity: quantity(12, "/min") }] },
      "fhir-modifier",
      "Observation.component[0].modifierExtension",
    ],
    ["a group by its address", { subject: { reference: "https://a.example/fhir/Group/1" } }, "fhir-subject", "Observation.subject"],
    ["a device by its type", { subject: { type: "Device", identifier: { value: "7" } } }, "fhir-subject", "Observation.subject"],
    ["a contained patient", { subject: { reference: "#p" } }, "fhir-subject", "Observation.subject"],
    ["a conditional reference", { subject: { reference: "Patient?identifier=7" } }, "fhir-subject", "Observation.subject"],
    ["beats a minute by annotation", { valueQuantity: quantity(80, "{beats}/min") }, "fhir-unit", "Observation.valueQuantity.code"],
    [
      "two states of consciousness",
      {
        code: code("67775-7"),
        valueQuantity: undefined,
        valueCodeableConcept: {
          coding: [...(code("LA9340-6")["coding"] as Fields[]), { system: "http://snomed.info/sct", code: "300202002" }],
        },
      },
      "fhir-coding",
      "Observation.valueCodeableConcept.coding[1]",
    ],
    ["a day", { effectiveDateTime: "2026-01-01" }, "fhir-time", "Observation.effectiveDateTime"],
    ["a time without offset", { effectiveDateTime: "2026-01-01T08:00:00" }, "fhir-time", "Observation.effectiveDateTime"],
    ["no time", { effectiveDateTime: undefined }, "fhir-time", "Observation.effective[x]"],
    ["no subject", { subject: undefined }, "fhir-subject", "Observation.subject"],
    ["a status of no standard", { status: "constructor" }, "fhir-status", "Observation.status"],
    ["no status", { status: undefined }, "fhir-status", "Observation.status"],
    ["two times", { effectiveInstant: "2026-01-01T08:00:00Z" }, "fhir-time", "Observation.effective[x]"],
    ["a timing", { effectiveDateTime: undefined, effectiveTiming: { code: code("BID") } }, "fhir-time", "Observation.effective[x]"],
    [
      "a period that ends before it begins",
      { effectiveDateTime: undefined, effectivePeriod: { start: "2026-01-01T08:00:01Z", end: "2026-01-01T08:00:00Z" } },
      "fhir-time",
      "Observation.effectivePeriod.end",
    ],
    [
      "a period without start",
      { effectiveDateTime: undefined, effectivePeriod: { end: "2026-01-01T08:00:00Z" } },
      "fhir-time",
      "Observation.effectivePeriod.start",
    ],
    [
      "an instant without offset",
      { effectiveDateTime: undefined, effectiveInstant: "2026-01-01T08:00:00" },
      "fhir-time",
      "Observation.effectiveInstant",
    ],
    ["a value and a reason for none", { dataAbsentReason: code("error") }, "fhir-value", "Observation.dataAbsentReason"],
    [
      "a unit of another system",
      { valueQuantity: { value: 80, system: "http://example.org", code: "/min" } },
      "fhir-unit",
      "Observation.valueQuantity.system",
    ],
    ["a group", { subject: { reference: "Group/1" } }, "fhir-subject", "Observation.subject"],
    ["no value", { valueQuantity: undefined }, "fhir-value", "Observation"],
    ["a text", { valueQuantity: undefined, valueString: "80" }, "fhir-value", "Observation"],
    ["a number as text", { valueQuantity: { ...quantity(80, "/min"), value: "80" } }, "fhir-shape", "Observation.valueQuantity.value"],
    ["a unit without system", { valueQuantity: { value: 80, unit: "/min" } }, "fhir-unit", "Observation.valueQuantity.system"],
    ["an endless number", { valueQuantity: quantity(1e300, "/min") }, "value-range", "Observation.valueQuantity"],
    [
      "two signals",
      {
        code: {
          coding: [
            { system: LOINC, code: "8867-4" },
            { system: LOINC, code: "9279-1" },
          ],
        },
      },
      "fhir-coding",
      "Observation.code.coding[1]",
    ],
    [
      "an MDC code of another signal",
      {
        code: {
          coding: [
            { system: LOINC, code: "2708-6" },
            { system: MDC, code: "150324" },
          ],
        },
      },
      "fhir-coding",
      "Observation.code.coding[1]",
    ],
    [
      "an MDC heart rate beside a coma score",
      {
        code: {
          coding: [
            { system: LOINC, code: "9269-2" },
            { system: MDC, code: "147842" },
          ],
        },
      },
      "fhir-coding",
      "Observation.code.coding[1]",
    ],
    ["components that are no list", { component: {} }, "fhir-shape", "Observation.component"],
  ])("refuses %s and says where", (_name, fields, expectedCode, where) => {
    const result = read(observation({ valueQuantity: quantity(80, "/min"), ...fields }));
    expect(result.recordings).toEqual([]);
    expect(result.problems).toMatchObject([{ file: "f.json", code: expectedCode, where }]);
  });

  it("tells of a file that gives nothing", () => {
    expect(read(bundle()).problems).toMatchObject([{ code: "file-empty" }]);
    expect(read({ resourceType: "Patient" }).problems).toMatchObject([{ code: "fhir-resource" }]);
    const oxygen = read(observation({ code: code("3151-8"), valueQuantity: quantity(2, "L/min") }));
    expect(oxygen.problems).toMatchObject([{ code: "file-empty", actual: "events alone" }]);
  });

  it("does not care about the order of observations", () => {
    const resources = Array.from({ length: 12 }, (_, i) =>
      observation({
        status: i % 5 === 0 ? "amended" : "final",
        effectiveDateTime: `2026-01-01T08:${10 + (i % 4)}:00Z`,
        ...(i % 3 === 0 ? { code: code("3151-8"), valueQuantity: quantity(i % 2, "L/min") } : { valueQuantity: quantity(60 + i, "/min") }),
      }),
    );
    const reference = only(read(bundle(...resources)));
    fc.assert(
      fc.property(fc.shuffledSubarray(resources, { minLength: resources.length }), (shuffled) => {
        expect(only(read(bundle(...shuffled)))).toEqual(reference);
      }),
      { numRuns: 30 },
    );
  });
});

describe("what is no measurement", () => {
  it("refuses a number beside which the decimals of others would be lost, and nothing else", () => {
    const of = (value: number, minute: number): Fields =>
      observation({ code: code("8310-5"), valueQuantity: quantity(value, "Cel"), ...atMinute(minute) });
    const { recordings, problems, warnings } = read(bundle(of(36.7, 0), of(36.75, 1), of(1e9, 2), of(99_999, 3)));
    expect(values(recordings[0]!.recording.channels[0]!)).toEqual([36.7, 36.75, 99_999]);
    expect(problems).toMatchObject([{ code: "value-range", where: "Bundle.entry[2].resource" }]);
    expect(warnings).toContainEqual(expect.objectContaining({ code: "value-implausible", where: "Bundle.entry[3].resource" }));
  });

  it("refuses two values, and a value beside a reason for none", () => {
    const sampled = { origin: quantity(0, "/min"), period: 1000, dimensions: 1, data: "60 61" };
    for (const fields of [
      { valueQuantity: quantity(60, "/min"), valueSampledData: sampled },
      { valueSampledData: sampled, dataAbsentReason: { text: "lead off" } },
      { valueQuantity: quantity(60, "/min"), dataAbsentReason: { text: "lead off" } },
      { code: code("3151-8"), valueQuantity: quantity(2, "L/min"), dataAbsentReason: { text: "lead off" } },
    ]) {
      const { recordings, problems } = read(observation(fields));
      expect(recordings).toEqual([]);
      expect(problems).toMatchObject([{ code: "fhir-value" }]);
    }
  });

  it("tells a file of which nothing came to be used", () => {
    const flow = observation({ code: code("3151-8"), valueQuantity: { ...quantity(2, "L/min"), comparator: ">" } });
    expect(read(flow)).toMatchObject({ recordings: [], problems: [{ code: "file-empty", file: "f.json" }] });
  });

  it("reads bundles in a bundle, as a batch of searches answers", () => {
    const { channels } = only(read(bundle(bundle(heartRate(60)), observation({ valueQuantity: quantity(61, "/min"), ...atMinute(1) }))));
    expect(values(channels[0]!)).toEqual([60, 61]);
    const wrong = read(bundle(bundle(heartRate(60), observation({ valueQuantity: quantity(61, "Hz") }))));
    expect(wrong.problems).toMatchObject([{ code: "fhir-unit", where: "Bundle.entry[0].resource.entry[1].resource.valueQuantity.code" }]);
  });
});

describe("NDJSON", () => {
  it("reads line by line and names the bad one", () => {
    const good = JSON.stringify(observation({ valueQuantity: quantity(80, "/min") }));
    const result = readFhir(utf8Encode(`${good}\r\n\n{"resourceType":\n${good.slice(0, 60)}`), { file: "f.ndjson", lines: true });
    expect(result.recordings).toHaveLength(1);
    expect(result.problems.map((problem) => [problem.code, problem.where])).toEqual([
      ["json-syntax", "line 3, column 17"],
      ["json-syntax", "line 4, column 61"],
    ]);
  });

  it("stops listing, and at last stops reading, a file that is all wrong", () => {
    const { problems } = readFhir(utf8Encode("x\n".repeat(20_000)), { file: "f.ndjson", lines: true });
    expect(problems).toHaveLength(51);
    expect(problems.at(-1)).toMatchObject({ code: "more-problems", actual: "9950 more" });
  });
});

describe("hostile bytes", () => {
  const good = utf8Encode(
    JSON.stringify(
      bundle(
        observation({ valueQuantity: quantity(80, "/min") }),
        observation({
          code: code("131330", MDC),
          valueSampledData: { origin: quantity(0, "mV"), period: 4, dimensions: 1, data: "1 2 3" },
        }),
      ),
    ),
  );

  it("reads or names the fault of any cut or changed file", () => {
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.nat(255), fc.boolean(), (at, byte, cut) => {
        const bytes = cut ? good.slice(0, at) : good.with(at, byte);
        const result = readFhir(bytes, { file: "f.json" });
        for (const { recording } of result.recordings) expect(decodeRecording(encodeRecording(recording))).toEqual(recording);
        if (cut) expect(result.problems[0]?.code).toBe("json-syntax");
        if (result.recordings.length === 0) expect(result.problems.length).toBeGreaterThan(0);
      }),
      { numRuns: 400 },
    );
  });

  it("refuses sizes and other encodings before parsing", () => {
    expect(readFhir(good, { file: "f.json", limits: { maxTextBytes: 10 } }).problems).toMatchObject([
      { code: "file-size", actual: `${good.length} bytes` },
    ]);
    expect(readFhir(Uint8Array.of(0x22, 0xff, 0x22), { file: "f.json" }).problems).toMatchObject([{ code: "text-utf8" }]);
  });

  it("shows nothing of a file that could deceive a reader of the message", () => {
    const [problem] = read(observation({ valueQuantity: quantity(80, "a\u202eb\u001b[31m\u200b") })).problems;
    expect(problem?.message).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    expect(problem?.actual).toContain("u{202e}");
  });
});
