import type { AcceptedVerdict, RefusedVerdict } from "@caladrius/attestation-verifier";
import type { JSX, Ref } from "preact";
import { Checks, NotCheckedList } from "./checks.tsx";
import { Evidence } from "./evidence.tsx";
import { Code, Facts } from "./facts.tsx";
import { formatTime } from "./format.ts";
import { StatusIcon } from "./icons.tsx";
import type { DocumentVerdict, FileVerdict, Judged, ResultVerdict } from "./judge.ts";
import type { Standing } from "./lists.ts";
import { ApprovedRelease } from "./release.tsx";
import { ACTOR, evidenceOf, meaningOf, NO_APPROVALS, STATUS } from "./meanings.ts";
import { Result } from "./result.tsx";
import { StatusListSection } from "./standing.tsx";

/** Everything about one file: the verdict first, then what it stands on. */
export function VerdictView({
  judged: { shown, fault, input, judgedAtMs },
  standing,
  heading,
  onPrint,
  onSave,
}: {
  judged: Judged;
  /** what it was judged by */
  standing: Standing;
  heading: Ref<HTMLHeadingElement>;
  onPrint: () => void;
  onSave: () => void;
}): JSX.Element {
  if (shown === null)
    return (
      <section class="panel contraindicated" aria-labelledby="verdict">
        <h2 id="verdict" tabIndex={-1} ref={heading}>
          No verdict
        </h2>
        <p>This page failed while it judged the file: {fault}. That says nothing about the file; do not rely on it either.</p>
      </section>
    );
  const { name, verdict, checks } = shown;
  const { word, advice } = STATUS[verdict.status];
  return (
    <article aria-labelledby="verdict">
      <section class={`verdict ${verdict.status}`} aria-labelledby="verdict">
        {isSimulated(verdict) && <SimulatorBanner />}
        <div class="glance">
          <StatusIcon status={verdict.status} />
          <div>
            <p class="file">
              {name} <span class="kind">{input.kind}</span>
            </p>
            <h2 id="verdict" tabIndex={-1} ref={heading}>
              {isSimulated(verdict) && <span class="visually-hidden">Simulator. </span>}
              {word}
            </h2>
            <p class="advice">{advice}</p>
            {verdict.status === "contraindicated" ? <Refused verdict={verdict} /> : <Reasons verdict={verdict} />}
          </div>
        </div>
        <Facts
          class="small"
          rows={[
            ["Code", <Code>{verdict.code}</Code>],
            ["Rule", `${verdict.stage}, ${verdict.spec}`],
            ["Judged", verdict.atMs === null ? "not at any time: it ended before" : `as of ${formatTime(verdict.atMs)} (${verdict.mode})`],
            ["Verified", `${formatTime(judgedAtMs)}, by this computer's clock`],
            ["SHA-256 of the file", <Code>{input.sha256}</Code>],
          ]}
        />
        <div class="actions">
          <button type="button" onClick={onPrint}>
            Print this record
          </button>
          <button type="button" onClick={onSave}>
            Save verdict (JSON)
          </button>
        </div>
      </section>
      {verdict.status !== "contraindicated" && isResult(verdict) && <Result claims={verdict.claims} notChecked={verdict.notChecked} />}
      <NotCheckedList verdict={verdict} standing={standing} />
      {verdict.claims?.statusList !== undefined && <StatusListSection claims={verdict.claims.statusList} />}
      <Approvals verdict={verdict} />
      <Checks checks={checks} />
      {verdict.status !== "contraindicated" && <Evidence evidence={evidenceOf(verdict.claims)} />}
    </article>
  );
}

export function SimulatorBanner(): JSX.Element {
  return (
    <p class="simulator">
      <strong>Simulator</strong> This was made by software under a test root, not by Nitro hardware. It proves nothing about any real
      enclave.
    </p>
  );
}

function Refused({ verdict }: { verdict: RefusedVerdict<string> }): JSX.Element {
  return (
    <>
      <p class="sentence">{reasonOf(verdict)}</p>
      <p>{ACTOR[verdict.actor]}</p>
    </>
  );
}

function Reasons({ verdict: { reasons } }: { verdict: AcceptedVerdict<unknown, string> }): JSX.Element {
  return (
    <ul class="reasons">
      {reasons.map((reason) => (
        <li key={reason}>
          {meaningOf(reason)} <Code>{reason}</Code>
        </li>
      ))}
    </ul>
  );
}

function Approvals({ verdict }: { verdict: FileVerdict }): JSX.Element | null {
  if (verdict.status === "contraindicated") return null;
  const release = isResult(verdict) ? verdict.claims.release : null;
  return (
    <section class="panel" aria-labelledby="approvals">
      <h3 id="approvals">Who approved the program</h3>
      {release === null ? <p>{NO_APPROVALS}</p> : <ApprovedRelease release={release} />}
    </section>
  );
}

/** The sentence of a refusal; who must act stands beside it in other words. */
export function reasonOf({ sentence, actor }: RefusedVerdict<string>): string {
  return sentence.replace(` (${actor} must act)`, "");
}

export function isSimulated(verdict: FileVerdict): boolean {
  return verdict.status !== "contraindicated" && evidenceOf(verdict.claims).simulated;
}

export function isResult(verdict: Accepted<ResultVerdict> | Accepted<DocumentVerdict>): verdict is Accepted<ResultVerdict> {
  return "evidence" in verdict.claims;
}

type Accepted<V> = Exclude<V, { readonly status: "contraindicated" }>;
