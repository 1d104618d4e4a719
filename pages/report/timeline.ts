import type { Finding, UnassessedSpan } from "@caladrius/wire";
import { count, formatLength } from "../verify/format.ts";
import { channelName, PRIORITY, RANK, titleOf } from "./labels.ts";
import { markup, type Markup } from "./markup.ts";
import { drawTicks, place, type DatedAxis } from "./time-axis.ts";

/** What each detector found and could not judge, one lane each. `unassessed` is null where the coverage is withheld. */
export function drawTimeline(
  detectors: readonly string[],
  findings: readonly Finding[],
  unassessed: readonly UnassessedSpan[] | null,
  axis: DatedAxis,
): Markup {
  const spans = unassessed ?? [];
  const ids = [...new Set([...detectors, ...findings.map(({ detector }) => detector), ...spans.map(({ detector }) => detector)])];
  const lanes = ids.map((id, i) => {
    const own = findings.filter(({ detector }) => detector === id).toSorted((a, b) => RANK.indexOf(a.priority) - RANK.indexOf(b.priority)); // lower ones before taller ones
    const open = spans.filter(({ detector }) => detector === id);
    const said =
      unassessed === null
        ? "what was not assessed is withheld"
        : open.length === 0
          ? "all assessed"
          : `${count(open.length, "span")} not assessed`;
    return markup`<div class="lane"><div class="lane-name"><b>${id}</b> <span class="from">${count(own.length, "finding")}, ${said}</span></div>
<svg class="plot" height="26" role="img" aria-labelledby="lane-${i}"><title id="lane-${i}">${id}: ${count(own.length, "finding")}, ${said}</title><rect class="lane-back" x="0" y="2" width="100%" height="22"/>
${open.map(({ channel, fromMs, toMs, reason }) => {
  const { x, width } = place(axis, fromMs, toMs);
  return markup`<rect class="unused" fill="url(#open)" x="${x}" width="${width}" y="2" height="22"><title>not assessed: ${reason}, ${channelName(channel)}, ${axis.clock.moment(fromMs)}, ${formatLength(toMs - fromMs)}</title></rect>`;
})}
${own.map(({ code, onsetMs, endMs, priority }) => {
  const { x, width } = place(axis, onsetMs, endMs);
  const [y, height] = BAR[priority];
  return markup`<rect class="bar ${priority}" x="${x}" width="${width}" y="${y}" height="${height}"><title>${titleOf(code)}, ${PRIORITY[priority].word}, ${axis.clock.moment(onsetMs)}, ${formatLength(endMs - onsetMs)}</title></rect>`;
})}</svg></div>`;
  });
  return markup`<div class="timeline">${lanes}<div class="lane"><div class="lane-name from">${axis.clock.caption}</div><svg class="plot" height="18" aria-hidden="true">${drawTicks(axis, 0, 4, 15)}</svg></div></div>
<ul class="legend"><li><svg width="22" height="14" aria-hidden="true"><rect class="bar high" width="22" height="14"/></svg> high</li><li><svg width="22" height="14" aria-hidden="true"><rect class="bar medium" y="3" width="22" height="11"/></svg> medium</li><li><svg width="22" height="14" aria-hidden="true"><rect class="bar low" y="7" width="22" height="7"/></svg> low</li><li><svg width="22" height="14" aria-hidden="true"><rect class="bar none" y="10" width="22" height="4"/></svg> information</li><li><svg width="22" height="14" aria-hidden="true"><rect class="unused" fill="url(#open)" width="22" height="14"/></svg> not assessed</li></ul>`;
}

/** Place and height in a lane: graver is taller, so that it is told apart without colour. */
const BAR: Readonly<Record<Finding["priority"], readonly [y: number, height: number]>> = {
  high: [2, 22],
  medium: [8, 16],
  low: [14, 10],
  none: [19, 5],
};
