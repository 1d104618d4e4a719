import { analyse } from "@caladrius/enclave/analyse";
import { decodeRecording } from "@caladrius/wire";

/** Analyses encoded recordings with every detector that applies; what it says as JSON, with bytes and columns as plain arrays. */
export function analyseAll(recordings: readonly Uint8Array[]): string[] {
  const plain = (_key: string, value: unknown): unknown =>
    value instanceof Uint8Array || value instanceof Int32Array ? Array.from(value) : value;
  return recordings.map((recording) => JSON.stringify(analyse(decodeRecording(recording), { detectors: [] }), plain));
}
