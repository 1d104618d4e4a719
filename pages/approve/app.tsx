import { thresholdWords } from "@caladrius/policies/words";
import { escapeText } from "@caladrius/wire";
import type { ComponentChildren, JSX } from "preact";
import { useMemo, useRef, useState } from "preact/hooks";
import { Code, Facts } from "../verify/facts.tsx";
import { makePasskey, signByPasskey } from "./passkey.tsx";
import { readQuestion, type ApprovalQuestion, type Asked } from "./question.ts";
import { Said } from "./said.tsx";
import { NOUN, quorumOf } from "./subject.ts";

type State = { readonly step: "ready" | "asking" | "done" } | { readonly step: "failed"; readonly sentence: string };

/** The whole page: what is asked, one button, what came of it. */
export function App({ asked }: { asked: Asked }): JSX.Element {
  const question = useMemo(() => read(asked), [asked]);
  if (typeof question === "string")
    return (
      <Frame title="Nothing to approve">
        <p class="problem" role="alert">
          {escapeText(question)}
        </p>
      </Frame>
    );
  return question === null ? <Register asked={asked as Extract<Asked, { ask: "register" }>} /> : <Approve question={question} />;
}

function read(asked: Asked): ApprovalQuestion | string | null {
  if (asked.ask === "register") return null;
  try {
    return readQuestion(asked);
  } catch (error) {
    return `What the command sent cannot be approved here: ${(error as Error).message}`;
  }
}

function Approve({ question }: { question: ApprovalQuestion }): JSX.Element {
  const { subject, constitution, person, role } = question;
  const noun = NOUN[subject.kind];
  const quorum = quorumOf(subject.kind, constitution);
  const send = async (): Promise<void> => post("approval", await signByPasskey(question, Math.floor(Date.now() / 1000)));
  return (
    <Frame title={`Approve ${/^[aeiou]/.test(noun) ? "an" : "a"} ${noun}`}>
      <Panel id="what" title="What you approve">
        <Said subject={subject} />
      </Panel>
      <Panel id="whom" title="As whom, and under which rules">
        <Facts
          rows={[
            ["You", <strong key="you">{escapeText(`${person}, ${role}`)}</strong>],
            ["Constitution", escapeText(`${constitution.name}, number ${constitution.number}`)],
            ["Its digest", <Code key="constitution">{question.constitutionDigest}</Code>],
            ["Must approve", quorum === null ? "whom the policy bundle of the enclave names" : escapeText(thresholdWords(quorum))],
          ]}
        />
      </Panel>
      <Panel id="digests" title="What your passkey signs">
        <p>This page computed these from the statement that it shows. Compare the first with what others tell you.</p>
        <Facts
          rows={[
            [`Digest of the ${noun}`, <Code key="statement">{question.statementDigest}</Code>],
            ["Digest that is approved", <Code key="approved">{question.approvedDigest}</Code>],
          ]}
        />
      </Panel>
      <Act button="Approve with my passkey" done="Approved. The command has your approval: this page can be closed." act={send} />
    </Frame>
  );
}

function Register({ asked }: { asked: Extract<Asked, { ask: "register" }> }): JSX.Element {
  const send = async (): Promise<void> => post("passkey", await makePasskey(asked));
  return (
    <Frame title="Make a passkey for approvals">
      <Panel id="whom" title="For whom">
        <Facts
          rows={[
            ["Person", <strong key="person">{escapeText(asked.person)}</strong>],
            ["Role", escapeText(asked.role)],
            ["Signs for", <Code key="origin">{escapeText(location.origin)}</Code>],
          ]}
        />
        <p>The passkey stays in your browser, telephone or security key. Its public key is printed by the command, for the constitution.</p>
      </Panel>
      <Act button="Make the passkey" done="Made. The command has printed the public key: this page can be closed." act={send} />
    </Frame>
  );
}

function Act({ button, done, act }: { button: string; done: string; act: () => Promise<void> }): JSX.Element {
  const [state, setState] = useState<State>({ step: "ready" });
  const message = useRef<HTMLParagraphElement>(null);
  const run = async (): Promise<void> => {
    setState({ step: "asking" });
    try {
      await act();
      setState({ step: "done" });
    } catch (error) {
      setState({ step: "failed", sentence: sentenceOf(error) });
    }
    message.current?.focus();
  };
  return (
    <div class="panel act">
      <button type="button" disabled={state.step === "asking" || state.step === "done"} onClick={() => void run()}>
        {button}
      </button>
      <p role="status" tabIndex={-1} ref={message} class={state.step === "failed" ? "problem" : ""}>
        {state.step === "failed"
          ? escapeText(state.sentence)
          : state.step === "done"
            ? done
            : state.step === "asking"
              ? "Your passkey is asked …"
              : ""}
      </p>
    </div>
  );
}

function Frame({ title, children }: { title: string; children: ComponentChildren }): JSX.Element {
  return (
    <>
      <header class="top">
        <h1>{title}</h1>
        <p>
          Served on this computer by <Code>caladrius</Code>, never by a host. It talks to that command alone.
        </p>
      </header>
      <main>{children}</main>
    </>
  );
}

function Panel({ id, title, children }: { id: string; title: string; children: ComponentChildren }): JSX.Element {
  return (
    <section class="panel" aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      {children}
    </section>
  );
}

/** @throws Error with the command's sentence when it does not take what was sent */
async function post(path: string, bytes: Uint8Array): Promise<void> {
  const answer = await fetch(path, {
    method: "POST",
    headers: { "content-type": "application/octet-stream" },
    body: new Uint8Array(bytes),
  });
  if (!answer.ok) throw new Error(`Not accepted: ${await answer.text()}`);
}

function sentenceOf(error: unknown): string {
  const { name, message } = error as Error;
  if (name === "NotAllowedError") return "Nothing was signed: it was cancelled, took too long, or there is no passkey for this page.";
  return message;
}
