import type { Disclosed } from "@caladrius/attestation-verifier";
import { toHex, type Finding, type Priority } from "@caladrius/wire";
import type { JSX } from "preact";
import { Code, Section } from "./facts.tsx";
import { count, formatLength, formatQuantity, formatTime, formatTimeBeside } from "./format.ts";

/** The findings, gravest first, with the values that led to them. */
export function Findings({
  findings,
  withheld,
  beside,
}: {
  findings: readonly Finding[];
  withheld: boolean;
  beside: number | null;
}): JSX.Element {
  const ranked = rank(findings);
  return (
    <Section id="findings" title="Findings">
      {ranked.length === 0 ? (
        <p>{withheld ? "Withheld: that none is shown does not say that there was none." : "No finding is disclosed in this file."}</p>
      ) : (
        <div class="scroll" tabIndex={0} role="group" aria-label="Table of findings">
          <table>
            <thead>
              <tr>
                <th scope="col">Priority</th>
                <th scope="col">Finding</th>
                <th scope="col">Onset (UTC)</th>
                <th scope="col">End (UTC)</th>
                <th scope="col">Length</th>
                <th scope="col">Values</th>
              </tr>
            </thead>
            <tbody>
              {ranked.slice(0, MOST_FINDINGS).map((finding, i) => (
                <Row key={i} finding={finding} beside={beside} />
              ))}
            </tbody>
          </table>
          {ranked.length > MOST_FINDINGS && <p>and {count(ranked.length - MOST_FINDINGS, "more finding")}: the saved verdict has all.</p>}
        </div>
      )}
    </Section>
  );
}

function Row({ finding, beside }: { finding: Finding; beside: number | null }): JSX.Element {
  const { code, detector, channel, onsetMs, endMs, priority, technical, confidencePermille, evidence } = finding;
  const time = (ms: number): string => (beside === null ? formatTime(ms) : formatTimeBeside(ms, beside));
  return (
    <tr>
      <td>
        <PriorityBadge priority={priority} />
      </td>
      <th scope="row">
        <Code>{code}</Code>
        <span class="from">
          {detector}
          {channel === null ? "" : ` on ${channel}`}
          {technical ? ", technical" : ""}
          {confidencePermille === null ? "" : `, confidence ${(confidencePermille / 10).toFixed(1)} %`}
        </span>
      </th>
      <td class="when">{time(onsetMs)}</td>
      <td class="when">{time(endMs)}</td>
      <td class="when">{formatLength(endMs - onsetMs)}</td>
      <td>
        <ul class="values">
          {evidence.map((one, i) => (
            <li key={i}>
              {one.name} <b>{formatQuantity(one)}</b>
            </li>
          ))}
        </ul>
      </td>
    </tr>
  );
}

export function PriorityBadge({ priority }: { priority: Priority }): JSX.Element {
  return <span class={`priority ${priority}`}>{priority === "none" ? "information" : priority}</span>;
}

/** Gravest first, then by time. */
export function rank(findings: readonly Finding[]): readonly Finding[] {
  return findings.toSorted((a, b) => RANK.indexOf(a.priority) - RANK.indexOf(b.priority) || a.onsetMs - b.onsetMs);
}

/** Which detectors ran, and the series they left. */
export function Detectors({ disclosed: { detectors, series } }: { disclosed: Disclosed }): JSX.Element {
  return (
    <Section id="detectors" title="Detectors">
      {detectors === null ? (
        <p>The list of detectors was withheld.</p>
      ) : (
        <div class="scroll" tabIndex={0} role="group" aria-label="Table of detectors">
          <table>
            <thead>
              <tr>
                <th scope="col">Detector</th>
                <th scope="col">Version</th>
                <th scope="col">SHA-256 of its parameters</th>
              </tr>
            </thead>
            <tbody>
              {detectors.map(({ id, version, parametersDigest }, i) => (
                <tr key={i}>
                  <th scope="row">{id}</th>
                  <td>{version}</td>
                  <td>
                    <Code>{toHex(parametersDigest)}</Code>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {series.map((one, i) => (
        <p key={i}>
          Series: {one.detector} {one.name}, {count(one.values.length, "value")} in {one.unit}, in the saved verdict.
        </p>
      ))}
    </Section>
  );
}

const MOST_FINDINGS = 200;
const RANK: readonly Priority[] = ["high", "medium", "low", "none"];
