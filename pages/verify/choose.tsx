import { escapeText, toHex } from "@caladrius/wire";
import type { ComponentChildren, JSX } from "preact";
import { useState } from "preact/hooks";
import { Code } from "./facts.tsx";
import { count } from "./format.ts";
import type { Trust } from "./inputs.ts";

/** A place to drop files on, with a button that does the same. */
export function DropZone({
  id,
  step,
  title,
  hint,
  button,
  accept,
  multiple,
  full,
  onFiles,
  children,
}: {
  id: string;
  step: string;
  title: string;
  hint: string;
  button: string;
  accept?: string;
  multiple: boolean;
  /** whether something was chosen */
  full: boolean;
  onFiles: (files: readonly File[]) => void;
  children?: ComponentChildren;
}): JSX.Element {
  const [over, setOver] = useState(false);
  return (
    <section
      class={`drop${full ? " full" : ""}${over ? " over" : ""}`}
      aria-labelledby={`${id}-title`}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        onFiles([...(event.dataTransfer?.files ?? [])]);
      }}
    >
      <h2 id={`${id}-title`}>
        <span class="step">{step}</span> {title}
      </h2>
      <p id={`${id}-hint`}>{hint}</p>
      <label class="button">
        {button}
        <input
          id={id}
          type="file"
          {...(accept === undefined ? {} : { accept })}
          multiple={multiple}
          aria-describedby={`${id}-hint`}
          onChange={(event) => {
            const { currentTarget: field } = event;
            onFiles([...(field.files ?? [])]);
            field.value = ""; // so that the same file can be chosen again after it was changed
          }}
        />
      </label>
      <span class="or">or drop {multiple ? "them" : "it"} here</span>
      {children}
    </section>
  );
}

/** What the trust file says, or why it cannot be used. Its texts are escaped by the caller. */
export function TrustSummary({ trust }: { trust: Trust }): JSX.Element {
  const { name, sha256, settings, problem } = trust;
  if (problem !== null)
    return (
      <div class="problem" role="alert">
        <p>
          <strong>{name} cannot be used as a trust file.</strong> {problem.sentence.replace(" (relying party must act)", "")}.
        </p>
        <p>
          You must act: correct the file, or ask whoever gave it to you. Nothing is judged meanwhile. Code <Code>{problem.code}</Code>
        </p>
      </div>
    );
  return (
    <div class="chosen">
      <p>
        <strong>{name}</strong>
      </p>
      <ul>
        <li>
          {settings.anchors.length > 0 && "root "}
          {settings.anchors.map(({ certificate }) => escapeText(certificate.subject.commonName)).join(", ") ||
            "no root: nothing will be accepted"}
        </li>
        {!(settings.pcrSets.length === 0 && settings.acceptsApproved) && (
          <li>
            {count(settings.pcrSets.length, "set")} of measurements
            {settings.pcrSets.length === 0 ? ": nothing will be accepted" : ""}
          </li>
        )}
        {settings.releases.map(({ release, digest }) => (
          <li key={toHex(digest)}>release {escapeText(`${release.name} ${release.softwareVersion}`)}, approved</li>
        ))}
        {settings.acceptsApproved && <li>every release that comes with a result and that the quorum approved</li>}
        {settings.constitution !== null && (
          <li>
            constitution {escapeText(settings.constitution.constitution.name)}
            {settings.quorum.length > 0 &&
              `, and beside its rules ${settings.quorum.map(({ role, threshold }) => `${threshold} of role ${escapeText(role)}`).join(", ")}`}
          </li>
        )}
        {settings.allowSimulator && (
          <li>
            <strong>accepts simulators</strong>, which prove nothing
          </li>
        )}
        {settings.allowDebug && (
          <li>
            <strong>accepts debug enclaves</strong>, whose console can be read from outside
          </li>
        )}
        {settings.regions !== null && <li>regions: {settings.regions.join(", ")}</li>}
      </ul>
      <p class="digest">
        SHA-256 <Code>{sha256}</Code>
      </p>
    </div>
  );
}
