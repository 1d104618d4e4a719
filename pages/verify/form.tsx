import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { Form, FormProblems } from "./expectations.ts";

/** What the reader expects beyond the trust file; closed until someone wants it. */
export function ExpectationsForm({
  form,
  problems,
  documents,
  clock,
  onChange,
  onSubmit,
}: {
  form: Form;
  problems: FormProblems;
  /** whether a bare attestation document is among the files */
  documents: boolean;
  /** this computer's time when files were last judged, as text */
  clock: string | null;
  /** only what changed: two fields may change before the next drawing */
  onChange: (change: Partial<Form>) => void;
  onSubmit: () => void;
}): JSX.Element {
  const field = (name: Exclude<keyof Form, "documents">, label: string, hint: string): JSX.Element => (
    <TextField
      name={name}
      label={label}
      hint={hint}
      value={form[name]}
      problem={problems[name] ?? null}
      onChange={(value) => onChange({ [name]: value })}
    />
  );
  const mode = (value: Form["documents"], label: string): JSX.Element => (
    <label class="radio">
      <input
        type="radio"
        name="documents"
        value={value}
        checked={form.documents === value}
        onChange={() => onChange({ documents: value })}
      />
      <span>{label}</span>
    </label>
  );
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        onSubmit();
      }}
      noValidate
    >
      {documents && (
        <fieldset>
          <legend>Attestation documents</legend>
          {mode("archived", "Kept from earlier: judged at the time that the document states (archived)")}
          {mode("live", "Made for me now: fresh by its nonce, its age, or both (live)")}
          {form.documents === "live" && (
            <>
              {field("maxAge", "Maximum age in seconds", "Left empty, the trust file's counts.")}
              <p class="note">
                {clock === null ? "Time now is this computer's clock." : `Time now, by this computer's clock: ${clock}.`} Judge again to use
                a later one.
              </p>
            </>
          )}
        </fieldset>
      )}
      <div class="fields">
        {field("nonce", "Nonce", "Hex. The value that you or the submitter sent along.")}
        {field("jobDigest", "Digest of the sealed job", "Hex, for results. From whoever submitted the job.")}
        {field("policyVersion", "Lowest policy version", "For results. Older ones are refused.")}
        {field(
          "at",
          "Judge as of",
          "A time in UTC, such as 2026-11-21T10:00:00Z. Left empty: files as of their own evidence, lists as of now.",
        )}
        {field("purpose", "Purpose", "A code that the result must show, such as HPAYMT. Several: any of them.")}
        {field("grantIssuer", "Issuer of the grant", "SHA-256 of its public key, in hex: the result must show a grant of theirs.")}
      </div>
      <button type="submit">Judge again</button>
    </form>
  );
}

function TextField({
  name,
  label,
  hint,
  value,
  problem,
  onChange,
}: {
  name: string;
  label: string;
  hint: string;
  value: string;
  problem: string | null;
  onChange: (value: string) => void;
}): JSX.Element {
  const [typed, setTyped] = useState(value); // a drawing in between must not take back what is being typed
  return (
    <div class="field">
      <label for={name}>{label}</label>
      <input
        id={name}
        type="text"
        value={typed}
        autocomplete="off"
        spellcheck={false}
        aria-invalid={problem !== null}
        aria-describedby={`${name}-hint`}
        onInput={(event) => setTyped(event.currentTarget.value)}
        onChange={(event) => onChange(event.currentTarget.value)}
      />
      <p id={`${name}-hint`} class={problem === null ? "hint" : "hint wrong"}>
        {problem === null ? hint : `Cannot be used. ${problem}`}
      </p>
    </div>
  );
}
