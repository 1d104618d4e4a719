import type { EcgScript } from "./ecg.ts";
import type { NumericsScript } from "./numerics.ts";

const HOUR = 3600;

/** An hour in which infection wins: NEWS2 rises from 0 or 1 to beyond 7, new confusion at 50 minutes. */
const deterioration: NumericsScript = {
  subject: "sample-deterioration",
  seconds: HOUR,
  courses: {
    "loinc:8867-4": [
      [600, 78],
      [1800, 98],
      [3000, 118],
      [3600, 128],
    ],
    "loinc:9279-1": [
      [600, 15],
      [1800, 20],
      [2700, 24],
      [3600, 28],
    ],
    "loinc:2708-6": [
      [900, 97],
      [2100, 94],
      [3300, 91],
    ],
    "loinc:8480-6": [
      [900, 128],
      [2400, 108],
      [3500, 92],
    ],
    "loinc:8462-4": [
      [900, 78],
      [2400, 66],
      [3500, 55],
    ],
    "loinc:8310-5": [
      [300, 37.1],
      [2400, 38.6],
      [3500, 39.3],
    ],
  },
  dropouts: [],
  artefacts: [],
  events: [
    { second: 0, kind: "oxygen", value: "off" },
    { second: 0, kind: "consciousness", value: "A" },
    { second: 3000, kind: "consciousness", value: "C" },
  ],
};

/** Oxygen saturation falls at 15 minutes; oxygen is given at 25 and helps. */
const desaturation: NumericsScript = {
  subject: "sample-desaturation",
  seconds: HOUR,
  courses: {
    "loinc:8867-4": [
      [900, 74],
      [1500, 104],
      [2400, 86],
    ],
    "loinc:9279-1": [
      [900, 16],
      [1500, 24],
      [2400, 18],
    ],
    "loinc:2708-6": [
      [900, 97],
      [1440, 85],
      [1560, 86],
      [2100, 95],
    ],
    "loinc:8480-6": [
      [900, 122],
      [1500, 138],
      [2400, 126],
    ],
    "loinc:8462-4": [
      [900, 74],
      [1500, 84],
      [2400, 76],
    ],
    "loinc:8310-5": [[0, 36.9]],
  },
  dropouts: [],
  artefacts: [],
  events: [
    { second: 0, kind: "oxygen", value: "off" },
    { second: 0, kind: "consciousness", value: "A" },
    { second: 1500, kind: "oxygen", value: "on" },
  ],
};

/** A healthy hour with a sensor off the finger for four minutes and values that no body has. */
const stable: NumericsScript = {
  subject: "sample-stable",
  seconds: HOUR,
  courses: {
    "loinc:8867-4": [[0, 66]],
    "loinc:9279-1": [[0, 14]],
    "loinc:2708-6": [[0, 98]],
    "loinc:8480-6": [[0, 124]],
    "loinc:8462-4": [[0, 76]],
    "loinc:8310-5": [[0, 36.8]],
  },
  dropouts: [{ code: "loinc:2708-6", from: 1200, to: 1440 }],
  artefacts: [
    { code: "loinc:8867-4", from: 2000, to: 2010, value: 390 },
    { code: "loinc:8480-6", from: 2600, to: 2610, value: 350 },
  ],
  events: [
    { second: 0, kind: "oxygen", value: "off" },
    { second: 0, kind: "consciousness", value: "A" },
  ],
};

/** Ten minutes of sinus rhythm with a pause of more than six seconds, and later a run of 40 beats at 170 a minute. */
const pauseAndRun: EcgScript = {
  subject: "sample-ecg-pause",
  seconds: 600,
  samplesPerSecond: 360,
  heartRate: 72,
  pauses: [{ from: 240, to: 246.4 }],
  runs: [{ from: 420, beats: 40, rate: 170 }],
  ectopicShare: 0,
  dropouts: [],
  spikes: [],
  noise: 0.012,
};

/** Five minutes with early ventricular beats, ten seconds of leads off, and an electrode that is knocked twice. */
const ectopy: EcgScript = {
  subject: "sample-ecg-ectopy",
  seconds: 300,
  samplesPerSecond: 250,
  heartRate: 64,
  pauses: [],
  runs: [],
  ectopicShare: 0.06,
  dropouts: [{ from: 130, to: 140 }],
  spikes: [
    { at: 60.35, millivolts: 3.2 },
    { at: 211.8, millivolts: -2.6 },
  ],
  noise: 0.02,
};

export const NUMERICS_SCRIPTS: readonly NumericsScript[] = [deterioration, desaturation, stable];
export const ECG_SCRIPTS: readonly EcgScript[] = [pauseAndRun, ectopy];
