import { makeSampleRecordings } from "@caladrius/client/samples";
import type { Recording } from "@caladrius/wire";

/** One hour of six channels at 1 Hz, about 43 kB: a sample that the physiological model made. */
export function numericHour(): Recording {
  return sample("sample-stable");
}

const HALF_HOUR_SAMPLES = 30 * 60 * 360;

/** Thirty minutes of two leads at 360 Hz, 2.6 MB: the sample's ECG, again and again. */
export function ecgHalfHour(): Recording {
  const recording = sample("sample-ecg-pause");
  const channels = recording.channels.map((channel) => {
    const samples = new Int16Array(HALF_HOUR_SAMPLES);
    for (let i = 0; i < samples.length; i++) samples[i] = channel.samples[i % channel.samples.length] ?? 0;
    return { ...channel, samples };
  });
  return { ...recording, channels };
}

function sample(subject: string): Recording {
  const found = makeSampleRecordings().find((recording) => recording.subject === subject);
  if (found === undefined) throw new Error(`no sample ${subject}`);
  return found;
}
