import { escapeText } from "@caladrius/wire";
import type { JSX } from "preact";
import { Comparison } from "./checks.tsx";
import { Code } from "./facts.tsx";
import type { ListFile, Lists, ShownList } from "./lists.ts";

/** The lists that were given, each with what it says or why it cannot be used, and a way to take it out again. */
export function GivenLists({
  lists: { statusList, constitution, crls },
  shown,
  onRemove,
}: {
  lists: Lists;
  /** as far as they were read */
  shown: readonly ShownList[];
  onRemove: (file: ListFile) => void;
}): JSX.Element | null {
  const files = [statusList, constitution, ...crls].filter((file) => file !== null);
  if (files.length === 0) return null;
  return (
    <ul class="chosen lists">
      {files.map((file) => (
        <ListRow
          key={`${file.kind} ${file.sha256}`}
          file={file}
          shown={shown.find((one) => one.file === file) ?? null}
          onRemove={() => onRemove(file)}
        />
      ))}
    </ul>
  );
}

function ListRow({ file, shown, onRemove }: { file: ListFile; shown: ShownList | null; onRemove: () => void }): JSX.Element {
  const name = escapeText(file.name);
  const problem = shown?.problem ?? null;
  return (
    <li>
      <div class="list-head">
        <p>
          <strong>{name}</strong> <span class="kind">{shown?.title ?? file.kind}</span>
        </p>
        <button type="button" class="plain small-button" aria-label={`Remove ${name}`} onClick={onRemove}>
          Remove
        </button>
      </div>
      {problem === null ? (
        <>
          <ul>
            {shown?.said.map((line) => (
              <li key={line}>{line}</li>
            ))}
          </ul>
          <p class="digest">
            SHA-256 <Code>{file.sha256}</Code>
          </p>
        </>
      ) : (
        <div class="problem" role="alert">
          <p>
            <strong>
              {name} cannot be used as a {file.kind}.
            </strong>{" "}
            {problem.sentence}
          </p>
          <Comparison expected={problem.expected} found={problem.found} />
          <p>
            {problem.advice} Nothing is judged while it is here.
            {problem.code !== null && (
              <>
                {" "}
                Code <Code>{problem.code}</Code>
              </>
            )}
          </p>
        </div>
      )}
    </li>
  );
}
