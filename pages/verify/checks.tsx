import type { Check } from "@caladrius/attestation-verifier";
import type { JSX } from "preact";
import { Code, Section } from "./facts.tsx";
import { count } from "./format.ts";
import { CheckIcon } from "./icons.tsx";
import type { FileVerdict } from "./judge.ts";
import type { Standing } from "./lists.ts";
import { CHECK_STATE, leftOpen, NOT_CHECKED } from "./meanings.ts";

/** Every check with what was expected and what was found. */
export function Checks({ checks }: { checks: readonly Check[] }): JSX.Element {
  return (
    <Section id="checks" title="Every check">
      <p class="lead">{summary(checks)}</p>
      <ol class="checks">
        {checks.map((check, i) => (
          <li key={i} class={`check ${check.state.replace(" ", "-")}`}>
            <span class="state">
              <CheckIcon state={check.state} />
              {CHECK_STATE[check.state]}
            </span>
            <div>
              <p class="title">{check.title}</p>
              <Comparison expected={check.expected} found={check.found} />
              <p class="spec">
                {check.stage} · {check.spec}
              </p>
            </div>
          </li>
        ))}
      </ol>
    </Section>
  );
}

/** What was expected beside what was found; nothing where neither is said. */
export function Comparison({ expected, found }: Pick<Check, "expected" | "found">): JSX.Element | null {
  if (expected === null && found === null) return null;
  if (expected === found)
    return (
      <dl class="comparison">
        <dt>Expected and found</dt>
        <dd>
          <Code>{found}</Code>
        </dd>
      </dl>
    );
  return (
    <dl class="comparison">
      {expected !== null && (
        <>
          <dt>Expected</dt>
          <dd>
            <Code>{expected}</Code>
          </dd>
        </>
      )}
      {found !== null && (
        <>
          <dt>Found</dt>
          <dd>
            <Code>{found}</Code>
          </dd>
        </>
      )}
    </dl>
  );
}

/** What no check looked at, in words for whoever relies on the result. */
export function NotCheckedList({ verdict, standing }: { verdict: FileVerdict; standing: Standing }): JSX.Element {
  const topics = verdict.notChecked;
  return (
    <Section id="not-checked" title="What was not checked">
      {topics.length === 0 ? (
        <p>Nothing was left open.</p>
      ) : (
        <dl class="topics">
          {topics.map((topic) => (
            <div key={topic}>
              <dt>{NOT_CHECKED[topic].title}</dt>
              <dd>{leftOpen(topic, verdict, standing)}</dd>
            </div>
          ))}
        </dl>
      )}
    </Section>
  );
}

/** 27 passed, 2 with a reservation, 1 not checked. */
export function summary(checks: readonly Check[]): string {
  const of = (state: Check["state"]): number => checks.filter((check) => check.state === state).length;
  const parts = [
    `${of("passed")} passed`,
    of("reservation") > 0 ? `${of("reservation")} passed with a reservation` : "",
    of("failed") > 0 ? `${of("failed")} failed` : "",
    of("not checked") > 0 ? `${of("not checked")} not checked` : "",
    of("not reached") > 0 ? `${of("not reached")} not reached` : "",
  ];
  return `${count(checks.length, "check")}: ${parts.filter((part) => part !== "").join(", ")}.`;
}
