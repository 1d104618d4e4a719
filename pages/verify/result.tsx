import { areFindingsWithheld, type Disclosed, type NotChecked, type ResultFileClaims } from "@caladrius/attestation-verifier";
import { toHex } from "@caladrius/wire";
import type { JSX } from "preact";
import { CoverageSection } from "./coverage.tsx";
import { Code, Facts, Section } from "./facts.tsx";
import { Detectors, Findings, PriorityBadge } from "./findings.tsx";
import { count, formatLength, formatTime } from "./format.ts";

/** What a verified result says. */
export function Result({ claims, notChecked }: { claims: ResultFileClaims; notChecked: readonly NotChecked[] }): JSX.Element {
  const { result, disclosed, software, bootId, withheldAtMost, provedTime } = claims;
  const { grant, input, stream } = disclosed;
  const secret = (value: string | null): JSX.Element | string => value ?? <i>not in this file</i>;
  return (
    <>
      <Section id="result" title="What the result says">
        <Alarms disclosed={disclosed} />
        <Facts
          rows={[
            ["Issued", formatTime(result.interval.toMs)],
            provedTime === null ? null : ["Existed by", `${formatTime(provedTime.atMs)}, as ${provedTime.authority} certifies`],
            ["Subject", secret(disclosed.subject)],
            ["Purpose", secret(disclosed.purpose)],
            ["Disclosed", disclosed.level === null ? secret(null) : `level ${disclosed.level}`],
            ["Withheld", withheldText(withheldAtMost)],
            ["Not in this file", absent(disclosed)],
            result.flags.breakGlass ? ["Break-glass", "yes: access was taken in an emergency"] : null,
            ["Job", <Code>{toHex(result.jobDigest)}</Code>],
            ["Nonce", <Code>{toHex(result.nonce)}</Code>],
            ["Recording", input === null ? secret(null) : <Code>{toHex(input.recordingDigest)}</Code>],
            input === null ? null : ["Signed by a device", signedBy(input.device, notChecked)],
            grant === null ? null : ["Grant", <Code>{`${toHex(grant.digest)}, use ${grant.use}`}</Code>],
            stream === null
              ? null
              : ["Stream", `window ${stream.sequence}${stream.first ? ", the first" : ""}${stream.final ? ", the last" : ""}`],
            [
              "Policy",
              `version ${result.policy.version}, status list ${result.statusListVersion ?? "none"}${result.flags.statusStale ? " (stale)" : ""}`,
            ],
            ["Program", `${software.name} ${software.version}${software.commit === null ? "" : `, commit ${software.commit}`}`],
            ["Boot", <Code>{toHex(bootId)}</Code>],
          ]}
        />
        <p class="note">
          Not a medical device. A verdict says who computed a finding and from what, not that the finding is medically right.
        </p>
      </Section>
      {disclosed.coverage !== null && <CoverageSection coverage={disclosed.coverage} findings={disclosed.finding} />}
      {disclosed.denial === null && (
        <Findings findings={disclosed.finding} withheld={areFindingsWithheld(disclosed)} beside={disclosed.coverage?.fromMs ?? null} />
      )}
      {disclosed.denial === null && <Detectors disclosed={disclosed} />}
    </>
  );
}

/** A key signed; whether it is a device that the policy knows, the coverage says, where it is in the file. */
function signedBy(device: Uint8Array | null, notChecked: readonly NotChecked[]): JSX.Element | string {
  if (device === null) return "no";
  const key = <Code>{toHex(device)}</Code>;
  return notChecked.includes("input provenance") ? <>{key}, which nothing here shows to be a device that the policy knows</> : key;
}

function Alarms({ disclosed }: { disclosed: Disclosed }): JSX.Element {
  const { denial, "alarm-summary": summary, finding, coverage } = disclosed;
  if (denial !== null)
    return (
      <p class="headline">
        <strong>Denied</strong> Nothing was analysed. Reason: <Code>{denial}</Code>
      </p>
    );
  return (
    <ul class="tiles">
      <li>
        <span>Alarm</span>
        <b>{summary === null ? "unknown" : summary.anyAlarm ? "yes" : "none"}</b>{" "}
        {summary === null ? (
          <i>the alarm summary was withheld</i>
        ) : summary.anyAlarm ? (
          <PriorityBadge priority={summary.highestPriority} />
        ) : null}
      </li>
      <li>
        <span>Findings</span>
        <b>{areFindingsWithheld(disclosed) ? "withheld" : finding.length}</b>
        {finding.length === 0 && <i>none disclosed</i>}
      </li>
      <li>
        <span>Not assessed</span>
        <b>
          {summary === null ? "unknown" : summary.secondsNotAssessed === 0 ? "nothing" : formatLength(summary.secondsNotAssessed * 1000)}
        </b>
        {coverage === null && <i>coverage not in this file</i>}
      </li>
    </ul>
  );
}

/** How much may be missing, for people. */
export function withheldText(most: number): string {
  return most === 0
    ? "nothing"
    : `at most ${count(most, "statement")}. Every result is padded with decoys, which cannot be told from what was withheld, so it may be none.`;
}

function absent(disclosed: Disclosed): string {
  const names = OPTIONAL.filter((name) => disclosed[name] === null);
  return names.length === 0 ? "nothing that this page knows" : names.join(", ").replaceAll("-", " ");
}

const OPTIONAL = ["alarm-summary", "coverage", "subject", "job-id", "submitter", "purpose", "level", "detectors", "input"] as const;
