import { verdictJson } from "@caladrius/attestation-verifier";
import type { GovernedTrust } from "@caladrius/attestation-verifier/governance";
import { escapeText, escapeTexts } from "@caladrius/wire";
import type { JSX } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { DropZone, TrustSummary } from "./choose.tsx";
import { EMPTY_FORM, parseForm, type Expectations, type Form } from "./expectations.ts";
import { FileList } from "./file-list.tsx";
import { ExpectationsForm } from "./form.tsx";
import { count, formatTime } from "./format.ts";
import { readInput, readTrust, type Input, type Trust } from "./inputs.ts";
import { judgeAll, type Judged } from "./judge.ts";
import { STATUS, tally } from "./meanings.ts";
import { PrintedRecord } from "./record.tsx";
import { chooseSignatures } from "./signatures.ts";
import { isSimulated, reasonOf, VerdictView } from "./verdict.tsx";

/** The whole page. Files are judged whenever files, trust or expectations change; nothing is judged without all of them in order. */
export function App(): JSX.Element {
  const [trust, setTrust] = useState<Trust | null>(null);
  const [inputs, setInputs] = useState<readonly Input[]>([]);
  const [notes, setNotes] = useState<readonly string[]>([]);
  const [form, setForm] = useState<Form>(EMPTY_FORM);
  const [again, setAgain] = useState(0);
  const [answer, setAnswer] = useState<{ readonly asked: object; readonly all: readonly Judged[] } | null>(null);
  const [done, setDone] = useState(0);
  const [selected, setSelected] = useState(0);
  const [printAll, setPrintAll] = useState(false);
  const heading = useRef<HTMLHeadingElement>(null);
  const wantsFocus = useRef(false);
  const signatures = useMemo(chooseSignatures, []);
  const hasDocuments = inputs.some(({ kind }) => kind === "attestation document");
  const { expectations, problems } = parseForm(form, hasDocuments);
  const settings = trust?.settings ?? null;

  // A verdict is shown only beside what it was asked under: any change makes it vanish at once.
  const asked = useMemo(() => ({ settings, inputs, expectations }), [settings, inputs, form, again]);
  const judged = answer?.asked === asked ? answer.all : null;

  useEffect(() => {
    if (asked.settings === null || asked.expectations === null || asked.inputs.length === 0) return undefined;
    let wanted = true;
    const progress = (number: number): boolean => {
      if (wanted) setDone(number);
      return wanted;
    };
    const judgeThem = async ({ settings, expectations }: { settings: GovernedTrust; expectations: Expectations }): Promise<void> => {
      const all = await judgeAll(asked.inputs, settings, expectations, { signatures, nowMs: () => Date.now(), progress });
      if (wanted && all !== null) setAnswer({ asked, all });
    };
    setDone(0);
    void judgeThem({ settings: asked.settings, expectations: asked.expectations });
    return () => {
      wanted = false;
    };
  }, [asked]);

  useEffect(() => {
    if (judged === null || !wantsFocus.current) return;
    wantsFocus.current = false;
    heading.current?.focus();
  }, [judged, selected]);

  useEffect(() => {
    if (!printAll) return;
    window.print();
    setPrintAll(false);
  }, [printAll]);

  const choose = async (files: readonly File[]): Promise<void> => {
    if (files.length === 0) return;
    const read = await Promise.all(files.map(readInput));
    const good = read.filter((one) => typeof one !== "string");
    setNotes(read.filter((one) => typeof one === "string"));
    if (good.length === 0) return;
    wantsFocus.current = true;
    setSelected(0);
    setInputs(good);
  };
  const chooseTrust = async (files: readonly File[]): Promise<void> => {
    const [file] = files;
    if (file === undefined) return;
    wantsFocus.current = true;
    setNotes(files.length > 1 ? ["Only one trust file counts at a time: the first was taken."] : []);
    setTrust(await readTrust(file));
  };

  const wait = waiting(trust, inputs, expectations !== null, done);
  const current = judged?.[selected] ?? null;
  return (
    <>
      <header class="top">
        <h1>
          <Mark /> Verify attested results
        </h1>
        <p>Everything happens on this computer: this page cannot send anything anywhere.</p>
        {location.protocol !== "file:" && (
          <p class="origin">
            This page came from <strong>{escapeText(location.host)}</strong>. To judge that very host, open a copy of this page from the
            project's release instead: a host could serve a page that says what it likes.
          </p>
        )}
      </header>
      <main>
        <div class="steps">
          <DropZone
            id="trust"
            step="1"
            title="Whom you trust"
            hint="A trust file (JSON), from a source of your own: never from whoever sent the results or runs the host."
            button="Choose the trust file"
            accept=".json,application/json"
            multiple={false}
            full={trust !== null}
            onFiles={(files) => void chooseTrust(files)}
          >
            {trust !== null && <TrustSummary trust={escapeTrust(trust)} />}
          </DropZone>
          <DropZone
            id="files"
            step="2"
            title="What you received"
            hint="One or more result files (.attested), or attestation documents of an enclave."
            button="Choose files to verify"
            multiple={true}
            full={inputs.length > 0}
            onFiles={(files) => void choose(files)}
          >
            {inputs.length > 0 && <p class="chosen">{count(inputs.length, "file")} read.</p>}
          </DropZone>
        </div>
        <details class="panel expectations">
          <summary>What you expect, if you know it (optional)</summary>
          <ExpectationsForm
            form={form}
            problems={problems}
            documents={hasDocuments}
            clock={current === null ? null : formatTime(current.judgedAtMs)}
            onChange={(change) => setForm((before) => ({ ...before, ...change }))}
            onSubmit={() => {
              wantsFocus.current = true;
              setAgain((before) => before + 1);
            }}
          />
        </details>
        {notes.map((note) => (
          <p class="problem" role="alert" key={note}>
            {escapeText(note)}
          </p>
        ))}
        <p class="visually-hidden" role="status" aria-live="polite">
          {judged === null ? wait : announce(judged)}
        </p>
        {judged === null && <p class="waiting">{wait}</p>}
        {judged !== null && judged.length > 1 && (
          <FileList
            judged={judged}
            selected={selected}
            onSelect={(index) => {
              wantsFocus.current = true;
              setSelected(index);
            }}
            onPrintAll={() => setPrintAll(true)}
          />
        )}
        {current !== null && (
          <VerdictView judged={current} heading={heading} onPrint={() => window.print()} onSave={() => save(current, trust)} />
        )}
      </main>
      <footer class="bottom">
        <p>
          Caladrius is not a medical device. A verdict says which program computed a result, on what, and under whose rules; not that a
          finding is medically right.
        </p>
      </footer>
      {judged !== null && trust !== null && (
        <div class="records">
          {(printAll ? judged : current === null ? [] : [current]).map((one, i) => (
            <PrintedRecord key={i} judged={one} trust={escapeTrust(trust)} />
          ))}
        </div>
      )}
    </>
  );
}

/** Everything but the settings: those hold what the verifier parsed, and are only counted here. */
function escapeTrust(trust: Trust): Trust {
  return trust.problem === null ? { ...trust, name: escapeText(trust.name) } : escapeTexts(trust);
}

function waiting(trust: Trust | null, inputs: readonly Input[], formGood: boolean, done: number): string {
  if (trust === null)
    return inputs.length === 0 ? "Choose a trust file and the files to verify." : "Choose a trust file: without one nothing can be judged.";
  if (trust.settings === null) return "No verdict: the trust file cannot be used.";
  if (!formGood) return "No verdict: correct what you expect first.";
  return inputs.length === 0
    ? "Choose the files to verify."
    : inputs.length < 10
      ? "Verifying …"
      : `Verifying: ${10 * Math.floor(done / 10)} of ${inputs.length} done`;
}

function announce(judged: readonly Judged[]): string {
  const [first] = judged;
  if (judged.length > 1 || first === undefined) return `${count(judged.length, "file")} verified: ${tally(judged)}.`;
  if (first.shown === null) return "No verdict: this page failed.";
  const { verdict } = first.shown;
  return `${isSimulated(verdict) ? "Simulator. " : ""}${STATUS[verdict.status].word}. ${verdict.status === "contraindicated" ? reasonOf(verdict) : verdict.sentence}`;
}

/** Saves the verdict as the command line prints it, with the digests of both files. A blob of this page needs no network. */
function save({ input, verdict, judgedAtMs }: Judged, trust: Trust | null): void {
  if (verdict === null) return;
  const record = {
    file: input.name,
    sha256: input.sha256,
    trust: trust === null ? null : { file: trust.name, sha256: trust.sha256 },
    verifiedAt: new Date(judgedAtMs).toISOString(),
    ...verdictJson(verdict),
  };
  // JSON has no raw line ends inside its strings, so each line is escaped for itself.
  const text = JSON.stringify(record, null, 2).split("\n").map(escapeText).join("\n");
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([`${text}\n`], { type: "application/json" }));
  link.download = `${input.name}.verdict.json`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), KEEP_BLOB_MS);
}

function Mark(): JSX.Element {
  return (
    <svg class="logo" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <path d="M16 2l12 4v9c0 8-5 12.5-12 15C9 27.5 4 23 4 15V6z" />
      <path class="pulse" d="M8 16h5l2-5 3 9 2-4h4" />
    </svg>
  );
}

const KEEP_BLOB_MS = 60_000;
