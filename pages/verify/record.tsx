import type { JSX } from "preact";
import type { ResultFileClaims } from "@caladrius/attestation-verifier";
import { toHex } from "@caladrius/wire";
import { summary } from "./checks.tsx";
import { Timeline } from "./coverage.tsx";
import { Code, Facts } from "./facts.tsx";
import { PriorityBadge, rank } from "./findings.tsx";
import { count, formatLength, formatQuantity, formatTime, formatTimeBeside } from "./format.ts";
import { CheckIcon, StatusIcon } from "./icons.tsx";
import type { Trust } from "./inputs.ts";
import { expectationText, type Expectations } from "./expectations.ts";
import type { FileVerdict, Judged } from "./judge.ts";
import type { ShownList, Standing } from "./lists.ts";
import { approvalSentence } from "./release.tsx";
import { notHeldAgainst } from "./standing.tsx";
import { ACTOR, CHECK_STATE, evidenceOf, meaningOf, NO_APPROVALS, NOT_CHECKED, STATUS } from "./meanings.ts";
import { isResult, isSimulated, reasonOf, SimulatorBanner } from "./verdict.tsx";

/** The record on paper: one page of one file. Only print shows it. */
export function PrintedRecord({
  judged: { shown, input, judgedAtMs },
  trust,
  standing,
  expectations,
}: {
  judged: Judged;
  trust: Trust;
  standing: Standing;
  expectations: Expectations;
}): JSX.Element | null {
  if (shown === null) return null;
  const { name, verdict, checks } = shown;
  const expected = expectationText(expectations);
  const unheld = verdict.claims?.statusList === undefined ? null : notHeldAgainst(verdict.claims.statusList);
  return (
    <article class="record">
      <header>
        <p>Caladrius · record of a verification</p>
        <p>{formatTime(judgedAtMs)}, by the verifying computer's clock</p>
      </header>
      {isSimulated(verdict) && <SimulatorBanner />}
      <div class={`glance ${verdict.status}`}>
        <StatusIcon status={verdict.status} />
        <div>
          <h2>{STATUS[verdict.status].word}</h2>
          <p>{STATUS[verdict.status].advice}</p>
          <p>{sentence(verdict)}</p>
        </div>
      </div>
      <Facts
        rows={[
          ["File", <Named name={`${name} (${input.kind}, ${count(input.bytes.length, "byte")})`} sha256={input.sha256} />],
          ["Trust file", <Named name={trust.name} sha256={trust.sha256} />],
          ...standing.shown.map((list): [string, JSX.Element] => [
            heading(list),
            <Named name={`${list.name}: ${list.brief}`} sha256={list.file.sha256} />,
          ]),
          standing.shown.length > 0 ? null : ["Lists", "none: neither a status list nor revocation lists were given"],
          expected === null ? null : ["Asked for", expected],
          [
            "Code",
            `${verdict.code} (${verdict.stage}, ${verdict.spec}); ${verdict.mode}, ${verdict.atMs === null ? "ended before any time was judged" : `as of ${formatTime(verdict.atMs)}`}`,
          ],
        ]}
      />
      {verdict.status !== "contraindicated" && <PrintedClaims verdict={verdict} />}
      <h3>Checks</h3>
      <p>{summary(checks)}</p>
      <ul class="printed-checks">
        {checks.map((check, i) => (
          <li key={i} class={check.state.replace(" ", "-")}>
            <CheckIcon state={check.state} />
            {check.title}
            {check.state !== "passed" && <b>: {CHECK_STATE[check.state]}</b>}
          </li>
        ))}
      </ul>
      <h3>Not checked</h3>
      <p>
        {verdict.notChecked.length === 0
          ? "Nothing was left open."
          : `${verdict.notChecked.map((topic) => NOT_CHECKED[topic].title).join("; ")}.`}
        {unheld !== null && ` Not held against the status list: ${unheld}.`}
      </p>
      {verdict.status !== "contraindicated" && <p>{approvalSentence(isResult(verdict) ? verdict.claims.release : null) ?? NO_APPROVALS}</p>}
      <footer>Not a medical device. Whoever holds these files can repeat this verification without a network.</footer>
    </article>
  );
}

function PrintedClaims({ verdict }: { verdict: Exclude<FileVerdict, { status: "contraindicated" }> }): JSX.Element {
  const evidence = evidenceOf(verdict.claims);
  const result = isResult(verdict) ? verdict.claims : null;
  const findings = rank(result?.disclosed.finding ?? []);
  const coverage = result?.disclosed.coverage ?? null;
  const alarms = result?.disclosed["alarm-summary"] ?? null;
  return (
    <>
      <Facts
        rows={[
          ["Enclave", `${evidence.moduleId}, ${evidence.region ?? "region unknown"}`],
          ["Root", <Named name={evidence.root.commonName} sha256={evidence.root.sha256} />],
          [
            "Measurements",
            evidence.matchedPcrs
              .map((index) => `PCR${index} ${toHex(evidence.pcrs.get(index) ?? new Uint8Array(0)).slice(0, 16)}…`)
              .join("  "),
          ],
          ...(result === null
            ? []
            : ([
                ["Job", <Code>{toHex(result.result.jobDigest)}</Code>],
                ["Issued", issued(result)],
                ["Subject", result.disclosed.subject ?? "not in this file"],
                [
                  "Alarm",
                  result.disclosed.denial !== null
                    ? `denied (${result.disclosed.denial}): nothing was analysed`
                    : alarms === null
                      ? "unknown: the alarm summary was withheld"
                      : `${alarms.anyAlarm ? `yes, highest priority ${alarms.highestPriority}` : "none"}; not assessed ${formatLength(alarms.secondsNotAssessed * 1000)}`,
                ],
                [
                  "Withheld",
                  result.withheldAtMost === 0
                    ? "nothing"
                    : `at most ${count(result.withheldAtMost, "statement")} (decoys cannot be told from them)`,
                ],
              ] as const)),
        ]}
      />
      {coverage !== null && <Timeline coverage={coverage} findings={findings} />}
      {result !== null && (
        <>
          <h3>{count(findings.length, "finding")} disclosed</h3>
          <ul class="printed-findings">
            {findings.slice(0, MOST_PRINTED).map((finding, i) => (
              <li key={i}>
                <PriorityBadge priority={finding.priority} /> {finding.code}, {formatTime(finding.onsetMs)} to{" "}
                {formatTimeBeside(finding.endMs, finding.onsetMs)}
                {finding.evidence.slice(0, 2).map((one) => `, ${one.name} ${formatQuantity(one)}`)}
              </li>
            ))}
          </ul>
          {findings.length > MOST_PRINTED && <p>and {count(findings.length - MOST_PRINTED, "more finding")}, in the file.</p>}
        </>
      )}
    </>
  );
}

function issued({ result, software, provedTime }: ResultFileClaims): string {
  const by = `${formatTime(result.interval.toMs)} by ${software.name} ${software.version}, policy version ${result.policy.version}`;
  return provedTime === null ? by : `${by}; existed by ${formatTime(provedTime.atMs)}, as ${provedTime.authority} certifies`;
}

function heading({ title }: ShownList): string {
  return `${title.slice(0, 1).toUpperCase()}${title.slice(1)}`;
}

function Named({ name, sha256 }: { name: string; sha256: string | null }): JSX.Element {
  return (
    <>
      {name}{" "}
      <span class="sha">
        SHA-256 <Code>{sha256}</Code>
      </span>
    </>
  );
}

function sentence(verdict: FileVerdict): string {
  if (verdict.status === "contraindicated") return `${reasonOf(verdict)}. ${ACTOR[verdict.actor]}`;
  return `${verdict.reasons.map((reason) => meaningOf(reason)).join("; ")}.`;
}

const MOST_PRINTED = 8;
