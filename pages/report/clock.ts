import { formatTime, formatTimeBeside } from "../verify/format.ts";

/** How a report writes times: in UTC, or from the start where the recording has no date. */
export interface Clock {
  /** a moment, whole */
  readonly moment: (ms: number) => string;
  /** a moment without the day where that is the day on which the recording began */
  readonly beside: (ms: number) => string;
  /** what is said once of all times: "times in UTC, of 2026-03-01 where no date stands" */
  readonly caption: string;
  /** a label on an axis or under ECG, to the second unless said otherwise */
  readonly label: (ms: number, parts?: { readonly day?: boolean; readonly seconds?: boolean }) => string;
}

/** Times of a recording whose first moment is `fromMs`; `isRelative` where its file had no date and times count from the start. */
export function clockOf(fromMs: number, isRelative: boolean): Clock {
  if (!isRelative)
    return {
      moment: formatTime,
      beside: (ms) => formatTimeBeside(ms, fromMs).replace(" UTC", ""),
      caption: `times in UTC, of ${formatTime(fromMs).slice(0, 10)} where no date stands`,
      label: (ms, { day = false, seconds = true } = {}) => {
        const iso = new Date(ms).toISOString();
        return `${day ? `${iso.slice(5, 10)} ` : ""}${iso.slice(11, seconds ? 19 : 16)}`;
      },
    };
  return {
    moment: (ms) => `${elapsed(ms)} from the start`,
    beside: (ms) => elapsed(ms),
    caption: "times count from the start: the recording has no date",
    label: (ms, { seconds = true } = {}) => (seconds ? elapsed(ms) : elapsed(ms).slice(0, -3)),
  };
}

/** Hours, minutes and seconds since 1970, which is where such a recording begins; hours may have more than two digits. */
function elapsed(ms: number): string {
  const seconds = Math.floor(Math.max(0, ms) / 1000);
  return [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60].map((part) => String(part).padStart(2, "0")).join(":");
}
