import { equalBytes, type FleetRecord } from "@caladrius/wire";
import type { TimeInterval } from "../boot/clock.ts";
import type { CurrentIdentity } from "../boot/identity.ts";
import type { KeySetKeys } from "../boot/keys.ts";
import { Refused } from "../refused.ts";

/** An epoch that is being served. */
export interface LiveEpoch {
  record: FleetRecord;
  /** the record's statement, as it came */
  statement: Uint8Array;
  keys: KeySetKeys;
  /** with the keys of this epoch */
  identity: CurrentIdentity;
}

/** Weekly epochs of a month each, overlapping, are as many. */
const MAX_EPOCHS = 4;

/**
 * The epochs that an enclave serves: of one fleet, that of the first, until the program ends; of one epoch number one
 * record. An epoch that may have ended is dropped with its keys, whoever asks first.
 */
export class Epochs {
  #live: readonly LiveEpoch[] = [];
  #fleet: string | null = null;

  /** Those that have certainly not ended, the highest number first: that one is told to whoever seals. */
  live(now: TimeInterval): readonly LiveEpoch[] {
    if (this.#live.some(({ record }) => hasEnded(record, now))) this.#live = this.#live.filter(({ record }) => !hasEnded(record, now));
    return this.#live;
  }

  /** The epoch whose keys these are, null for none. */
  find(keyId: Uint8Array, now: TimeInterval): LiveEpoch | null {
    return this.live(now).find(({ keys }) => equalBytes(keys.keyId, keyId)) ?? null;
  }

  /**
   * Whether a verified record may be served beside what is.
   * @throws Refused fleet-record-refused for another fleet, or another record of a number that is served; overloaded
   */
  admit({ fleet, epoch }: FleetRecord, now: TimeInterval): void {
    const live = this.live(now);
    if ((this.#fleet ?? fleet) !== fleet || live.some(({ record }) => record.epoch === epoch)) throw new Refused("fleet-record-refused");
    if (live.length >= MAX_EPOCHS) throw new Refused("overloaded");
  }

  /** Serves an epoch from now on. @throws Refused as `admit`; fleet-epoch-ended */
  add(epoch: LiveEpoch, now: TimeInterval): void {
    this.admit(epoch.record, now);
    if (hasEnded(epoch.record, now)) throw new Refused("fleet-epoch-ended");
    this.#fleet = epoch.record.fleet;
    this.#live = [...this.#live, epoch].toSorted((a, b) => b.record.epoch - a.record.epoch);
  }
}

/** An epoch that may be over is over. */
export function hasEnded({ notAfter }: FleetRecord, { toMs }: TimeInterval): boolean {
  return toMs >= notAfter * 1000;
}
