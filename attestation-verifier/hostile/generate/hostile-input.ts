/** One hostile input, how it is judged, and how the verdict must read. */
export interface HostileInput {
  readonly name: string;
  readonly judge: () => Promise<string>;
  readonly code: RegExp;
  /** how often; what takes tenths of a second each is judged less often, for it would show a leak as soon */
  readonly times: number;
}

/** The usual number of times. */
export const TIMES = 1000;
