import type { Coverage, Finding } from "@caladrius/wire";
import type { JSX } from "preact";
import { Facts, Section } from "./facts.tsx";
import { count, formatLength, formatTime, formatTimeBeside } from "./format.ts";

/** What was looked at and what was not, with the findings at their times: one row for each detector. */
export function CoverageSection({ coverage, findings }: { coverage: Coverage; findings: readonly Finding[] }): JSX.Element {
  const { fromMs, toMs, samplesReceived, rejected, gaps, notAssessedMs, unassessed } = coverage;
  return (
    <Section id="coverage" title="Coverage">
      <Timeline coverage={coverage} findings={findings} />
      <Facts
        rows={[
          ["Recorded", `${formatTime(fromMs)} to ${formatTimeBeside(toMs, fromMs)}, ${formatLength(toMs - fromMs)}`],
          ["Samples received", samplesReceived.toLocaleString("en")],
          [
            "Rejected",
            rejected.length === 0 ? "none" : rejected.map(({ reason, samples }) => `${samples.toLocaleString("en")}: ${reason}`).join("; "),
          ],
          ["Gaps", gaps === 0 ? "none" : count(gaps, "gap")],
          ["Not assessed", notAssessedMs === 0 ? "nothing: all was assessed" : formatLength(notAssessedMs)],
        ]}
      />
      {unassessed.length > 0 && (
        <div class="scroll" tabIndex={0} role="group" aria-label="Table of spans that were not assessed">
          <table>
            <caption>Spans that were not assessed</caption>
            <thead>
              <tr>
                <th scope="col">Detector</th>
                <th scope="col">Channel</th>
                <th scope="col">From (UTC)</th>
                <th scope="col">Length</th>
                <th scope="col">Reason</th>
              </tr>
            </thead>
            <tbody>
              {unassessed.slice(0, MOST_SPANS).map((span, i) => (
                <tr key={i}>
                  <td>{span.detector}</td>
                  <td>{span.channel ?? "all"}</td>
                  <td>{formatTimeBeside(span.fromMs, fromMs)}</td>
                  <td>{formatLength(span.toMs - span.fromMs)}</td>
                  <td>{span.reason}</td>
                </tr>
              ))}
            </tbody>
          </table>
          {unassessed.length > MOST_SPANS && <p>and {count(unassessed.length - MOST_SPANS, "more span")}: the saved verdict has all.</p>}
        </div>
      )}
    </Section>
  );
}

/** The same picture for screen and paper. */
export function Timeline({ coverage, findings }: { coverage: Coverage; findings: readonly Finding[] }): JSX.Element | null {
  const { fromMs, toMs, unassessed } = coverage;
  if (toMs <= fromMs) return null;
  const names = [...new Set([...findings, ...unassessed].map(({ detector }) => detector))].slice(0, MOST_ROWS);
  const rows = names.length === 0 ? ["recording"] : names;
  const x = (ms: number): number => (WIDTH * (Math.min(Math.max(ms, fromMs), toMs) - fromMs)) / (toMs - fromMs);
  const span = (from: number, to: number, least: number): { x: number; width: number } => {
    const width = Math.max(x(to) - x(from), least);
    return { x: Math.min(x(from), WIDTH - width), width };
  };
  const middle = fromMs + (toMs - fromMs) / 2;
  return (
    <figure class="timeline">
      {rows.map((name) => {
        const open = unassessed.filter(({ detector }) => detector === name);
        const found = findings.filter(({ detector }) => detector === name);
        const label = `${name}: ${found.length === 0 ? "no findings" : count(found.length, "finding")}, ${open.length === 0 ? "all assessed" : `${count(open.length, "span")} not assessed`}`;
        return (
          <div class="row" key={name}>
            <span class="name">{name}</span>
            <svg viewBox={`0 0 ${WIDTH} 24`} preserveAspectRatio="none" role="img" aria-label={label}>
              <rect class="assessed" x="0" y="8" width={WIDTH} height="8" />
              {open.map((one, i) => (
                <rect key={i} class="open" y="6" height="12" {...span(one.fromMs, one.toMs, 2)} />
              ))}
              {found
                .toSorted((a, b) => RANK.indexOf(b.priority) - RANK.indexOf(a.priority))
                .map((one, i) => (
                  <rect key={i} class={`finding ${one.priority}`} {...HEIGHT[one.priority]} {...span(one.onsetMs, one.endMs, 4)} />
                ))}
            </svg>
          </div>
        );
      })}
      <div class="row axis" aria-hidden="true">
        <span class="name" />
        <span class="ticks">
          <span>{formatTimeBeside(fromMs, toMs)}</span>
          <span>{formatTimeBeside(middle, fromMs)}</span>
          <span>{formatTimeBeside(toMs, fromMs)}</span>
        </span>
      </div>
      <figcaption>
        <span class="key assessed">assessed</span>
        <span class="key open">not assessed</span>
        <span class="key high">high</span>
        <span class="key medium">medium</span>
        <span class="key low">low</span>
        <span class="key none">for information</span>
        <span>Times in UTC. The higher the bar, the higher the priority.</span>
      </figcaption>
    </figure>
  );
}

const WIDTH = 1000;
const MOST_ROWS = 12;
const MOST_SPANS = 100;
const RANK: readonly Finding["priority"][] = ["high", "medium", "low", "none"];
const HEIGHT: Readonly<Record<Finding["priority"], { y: number; height: number }>> = {
  high: { y: 1, height: 22 },
  medium: { y: 4, height: 16 },
  low: { y: 7, height: 10 },
  none: { y: 9, height: 6 },
};
