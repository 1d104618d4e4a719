import { verdictJson } from "@caladrius/attestation-verifier";
import { escapeText, escapeTexts } from "@caladrius/wire";
import type { JSX } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { DropZone, TrustSummary } from "./choose.tsx";
import { EMPTY_FORM, parseForm, type Expectations, type Form } from "./expectations.ts";
import { FileList } from "./file-list.tsx";
import { ExpectationsForm } from "./form.tsx";
import { count, formatTime } from "./format.ts";
import { readTrust, sortFiles, type Input, type Sorted, type Trust } from "./inputs.ts";
import { judgeAll, type Judged } from "./judge.ts";
import { GivenLists } from "./list-row.tsx";
import { addLists, NO_LISTS, prepareLists, removeList, type Lists, type Standing } from "./lists.ts";
import { STATUS, tally } from "./meanings.ts";
import { PrintedRecord } from "./record.tsx";
import { chooseSignatures } from "./signatures.ts";
import { isSimulated, reasonOf, VerdictView } from "./verdict.tsx";

/** The whole page. Files are judged whenever files, trust, lists or expectations change; nothing is judged without all of them in order. */
export function App(): JSX.Element {
  const [trust, setTrust] = useState<Trust | null>(null);
  const [inputs, setInputs] = useState<readonly Input[]>([]);
  const [lists, setLists] = useState<Lists>(NO_LISTS);
  const [notes, setNotes] = useState<readonly string[]>([]);
  const [form, setForm] = useState<Form>(EMPTY_FORM);
  const [again, setAgain] = useState(0);
  const [read, setRead] = useState<{ readonly asked: object; readonly standing: Standing } | null>(null);
  const [answer, setAnswer] = useState<Answer | null>(null);
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
  const asked = useMemo(() => ({ settings, inputs, lists, expectations }), [settings, inputs, lists, form, again]);
  const current = answer?.asked === asked ? answer : null;
  const judged = current?.all ?? null;
  const standing = read?.asked === asked ? read.standing : null;

  useEffect(() => {
    const { settings, inputs: files, lists: given, expectations: expected } = asked;
    if (expected === null) return undefined;
    let wanted = true;
    const progress = (number: number): boolean => {
      if (wanted) setDone(number);
      return wanted;
    };
    const judgeThem = async (): Promise<void> => {
      const found = await prepareLists(given, settings, expected.atMs ?? Date.now(), signatures);
      if (!wanted) return;
      setRead({ asked, standing: found });
      if (settings === null || !found.usable || files.length === 0) return;
      const all = await judgeAll(files, settings, expected, found, { signatures, nowMs: () => Date.now(), progress });
      if (wanted && all !== null) setAnswer({ asked, all, standing: found, expectations: expected });
    };
    setDone(0);
    void judgeThem();
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

  /** Lists are added and results take the place of those before, wherever they were dropped. */
  const take = ({ inputs: files, lists: more, notes: said }: Sorted): void => {
    setNotes(said);
    if (files.length === 0 && more.length === 0) return;
    wantsFocus.current = true;
    if (more.length > 0) setLists((before) => addLists(before, more));
    if (files.length === 0) return;
    setSelected(0);
    setInputs(files);
  };
  const choose = async (files: readonly File[], place: "files" | "lists"): Promise<void> => {
    if (files.length > 0) take(await sortFiles(files, place));
  };
  const chooseTrust = async (files: readonly File[]): Promise<void> => {
    const sorted = await sortFiles(files, "trust");
    const [file, ...others] = sorted.trust;
    const more = others.length > 0 ? ["Only one trust file counts at a time: the first was taken."] : [];
    if (files.length > 0) take({ ...sorted, notes: [...sorted.notes, ...more] });
    if (file === undefined) return;
    wantsFocus.current = true;
    setTrust(await readTrust(file));
  };
  const remove = (file: Parameters<typeof removeList>[1]): void => {
    setLists((before) => removeList(before, file));
    document.getElementById("lists")?.focus(); // the button that had the focus goes
  };

  const wait = waiting(trust, inputs, { formGood: expectations !== null, listsGood: standing?.usable !== false }, done);
  const one = judged?.[selected] ?? null;
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
            onFiles={(files) => void choose(files, "files")}
          >
            {inputs.length > 0 && <p class="chosen">{count(inputs.length, "file")} read.</p>}
          </DropZone>
          <DropZone
            id="lists"
            step="3"
            title="What was withdrawn (optional)"
            hint="A status list: with the constitution, unless your trust file holds it. Revocation lists of AWS's certificates (.crl). Signed, so it does not matter where you got them."
            button="Choose lists"
            multiple={true}
            full={lists.statusList !== null || lists.constitution !== null || lists.crls.length > 0}
            onFiles={(files) => void choose(files, "lists")}
          >
            <GivenLists lists={lists} shown={standing?.shown ?? []} onRemove={remove} />
          </DropZone>
        </div>
        <details class="panel expectations">
          <summary>What you expect, if you know it (optional)</summary>
          <ExpectationsForm
            form={form}
            problems={problems}
            documents={hasDocuments}
            clock={one === null ? null : formatTime(one.judgedAtMs)}
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
        {one !== null && current !== null && (
          <VerdictView
            judged={one}
            standing={current.standing}
            heading={heading}
            onPrint={() => window.print()}
            onSave={() => save(one, trust, current.standing)}
          />
        )}
      </main>
      <footer class="bottom">
        <p>
          Caladrius is not a medical device. A verdict says which program computed a result, on what, and under whose rules; not that a
          finding is medically right.
        </p>
      </footer>
      {current !== null && trust !== null && (
        <div class="records">
          {(printAll ? current.all : one === null ? [] : [one]).map((each, i) => (
            <PrintedRecord
              key={i}
              judged={each}
              trust={escapeTrust(trust)}
              standing={current.standing}
              expectations={current.expectations}
            />
          ))}
        </div>
      )}
    </>
  );
}

/** Verdicts, with what they were asked under. */
interface Answer {
  readonly asked: object;
  readonly all: readonly Judged[];
  readonly standing: Standing;
  readonly expectations: Expectations;
}

/** Everything but the settings: those hold what the verifier parsed, and are only counted here. */
function escapeTrust(trust: Trust): Trust {
  return trust.problem === null ? { ...trust, name: escapeText(trust.name) } : escapeTexts(trust);
}

function waiting(
  trust: Trust | null,
  inputs: readonly Input[],
  { formGood, listsGood }: { formGood: boolean; listsGood: boolean },
  done: number,
): string {
  if (trust === null)
    return inputs.length === 0 ? "Choose a trust file and the files to verify." : "Choose a trust file: without one nothing can be judged.";
  if (trust.settings === null) return "No verdict: the trust file cannot be used.";
  if (!formGood) return "No verdict: correct what you expect first.";
  if (!listsGood) return "No verdict: a list cannot be used. Remove it, or give another.";
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

/** Saves the verdict as the command line prints it, with the digests of all files. A blob of this page needs no network. */
function save({ input, verdict, judgedAtMs }: Judged, trust: Trust | null, { shown }: Standing): void {
  if (verdict === null) return;
  const record = {
    file: input.name,
    sha256: input.sha256,
    trust: trust === null ? null : { file: trust.name, sha256: trust.sha256 },
    lists: shown.map(({ file }) => ({ kind: file.kind, file: file.name, sha256: file.sha256 })),
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
