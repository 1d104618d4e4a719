/** What is read of one input; every limit is checked before memory is taken for it. */
export interface ReadLimits {
  /** bytes of a text file, packed or not */
  maxTextBytes: number;
  /** bytes of a WFDB signal file */
  maxSignalBytes: number;
  /** samples of one WFDB record, over all signals: 24 h of two leads at 360 Hz are 62 million */
  maxSamples: number;
  maxJsonDepth: number;
  /** an object counts as four values beside those in it */
  maxJsonValues: number;
  /** values, over all channels of one subject */
  maxPoints: number;
  /** problems listed for one file; the rest is counted */
  maxProblems: number;
}

/** A sealed job has at most 32 MiB, so that these leave room for much text around few values, and for a long ECG that is split. */
export const DEFAULT_READ_LIMITS: ReadLimits = {
  maxTextBytes: 128 * 1024 * 1024,
  maxSignalBytes: 256 * 1024 * 1024,
  maxSamples: 128 * 1024 * 1024,
  maxJsonDepth: 64,
  maxJsonValues: 8_000_000,
  maxPoints: 4_000_000,
  maxProblems: 50,
};
