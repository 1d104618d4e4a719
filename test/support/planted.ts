import { createHash } from "node:crypto";
import type { SubmitterKey } from "@caladrius/client";
import { encodeCbor, encodeRecording, type Channel, type Recording } from "@caladrius/wire";
import { bytesCanary, runCanary, textCanary, type Canary } from "./canary.ts";

/** Bytes that nothing else makes, the same in each run. */
export const secret = (name: string, length: number): Buffer =>
  createHash("shake256", { outputLength: length }).update(`canary ${name}`).digest();
const secretText = (name: string, length: number): string => secret(name, length).toString("base64url").slice(0, length);
const secretRun = (name: string, length: number, from: number, to: number): number[] => {
  const bytes = secret(name, 4 * length);
  return Array.from({ length }, (_, i) => from + (bytes.readUInt32BE(4 * i) % (to - from)));
};

const START_MS = 1_611_111_111_111;
/** What is planted in request and recording. */
export const SUBJECT: string = secretText("subject", 64);
export const DEVICE: string = secretText("device", 48);
export const PURPOSE: string = secretText("purpose", 32);
export const WARD: string = secretText("ward", 48);
export const UNIT: string = secretText("unit", 32);
export const DETECTOR: string = secretText("detector", 48);
export const GRANT: Buffer = secret("grant", 64);
const HEART_RATES = secretRun("heart rates", 120, 35, 190);
const SATURATIONS = secretRun("saturations", 120, 80_000, 100_000);
const ECG = secretRun("ecg", 3600, -2000, 2000);
const CHARTED = secretRun("charted", 32, 60, 220);
const OFFSETS = secretRun("offsets", 32, 1000, 900_000).reduce<number[]>((sums, step) => [...sums, (sums.at(-1) ?? 0) + step], []);
const EVENT_TIMES = secretRun("events", 16, 1, 60_000).reduce<number[]>((sums, step) => [...sums, (sums.at(-1) ?? START_MS) + step], []);

const rate = (numerator: number): Channel["timing"] => ({ kind: "rate", numerator, denominator: 1 });
const unscaled = { numerator: 1, offset: 0, denominator: 1 };
/** One sample a second, unscaled. */
export const channel = (code: string, unit: string, samples: Channel["samples"], change: Partial<Channel> = {}): Channel => ({
  code,
  unit,
  startMs: START_MS,
  timing: rate(1),
  samples,
  scale: unscaled,
  missing: -32_768,
  ...change,
});

/** Canaries in every place that a recording has. */
export const RECORDING: Recording = {
  subject: SUBJECT,
  device: DEVICE,
  channels: [
    channel("loinc:8867-4", "/min", Int16Array.from(HEART_RATES)),
    channel("loinc:59408-5", "%", Int32Array.from(SATURATIONS), { scale: { numerator: 1, offset: 0, denominator: 1000 } }),
    channel("mdc:131330", "mV", Int16Array.from(ECG), { timing: rate(360), scale: { numerator: 1, offset: 0, denominator: 200 } }),
    channel("loinc:8480-6", "mm[Hg]", Int16Array.from(CHARTED), { timing: { kind: "offsets", offsetsMs: Uint32Array.from(OFFSETS) } }),
    channel("mdc:999999", UNIT, Int16Array.from(CHARTED)),
  ],
  events: EVENT_TIMES.map((atMs, i) => ({ atMs, kind: "oxygen", value: i % 2 === 0 ? "on" : "off" })),
};

/** Everything in RECORDING and around it that must not be seen, in every representation. */
export function plantedCanaries(key: SubmitterKey, colleague: SubmitterKey): Canary[] {
  return [
    ...textCanary("subject", SUBJECT),
    ...textCanary("device", DEVICE),
    ...textCanary("purpose", PURPOSE),
    ...textCanary("ward", WARD),
    ...textCanary("unit", UNIT),
    ...textCanary("detector", DETECTOR),
    ...bytesCanary("grant", GRANT),
    ...runCanary("heart rates", HEART_RATES.slice(20, 60)),
    ...runCanary("saturations", SATURATIONS.slice(20, 60)),
    ...runCanary("ecg", ECG.slice(1000, 1040)),
    ...runCanary("charted", CHARTED),
    ...runCanary("offsets", OFFSETS),
    ...runCanary("events", EVENT_TIMES),
    {
      name: "first event cbor",
      bytes: encodeCbor(new Map<string, number | string>(Object.entries({ at: EVENT_TIMES[0] ?? 0, kind: "oxygen", value: "on" }))),
    },
    ...bytesCanary("submitter key", key.signing.key),
    ...bytesCanary("submitter thumbprint", key.keyId),
    ...bytesCanary("submitter sealing key", key.sealing.publicKey),
    ...bytesCanary("colleague's sealing key", colleague.sealing.publicKey),
    ...bytesCanary("recording digest", createHash("sha256").update(encodeRecording(RECORDING)).digest()),
  ];
}
