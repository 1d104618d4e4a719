import type { JSX } from "preact";
import { StatusIcon } from "./icons.tsx";
import type { Judged } from "./judge.ts";
import { STATUS, tally } from "./meanings.ts";
import { isSimulated } from "./verdict.tsx";

/** One line for each of several files. */
export function FileList({
  judged,
  selected,
  onSelect,
  onPrintAll,
}: {
  judged: readonly Judged[];
  selected: number;
  onSelect: (index: number) => void;
  onPrintAll: () => void;
}): JSX.Element {
  return (
    <nav class="panel files" aria-label="Verified files">
      <p>
        <strong>{judged.length} files:</strong> {tally(judged)}
      </p>
      <ul>
        {judged.map(({ shown, input }, i) => (
          <li key={i}>
            <button
              type="button"
              aria-current={i === selected}
              class={shown?.verdict.status ?? "contraindicated"}
              onClick={() => onSelect(i)}
            >
              <StatusIcon status={shown?.verdict.status ?? "contraindicated"} />
              <span class="name">{shown?.name ?? input.sha256}</span>
              <span class="word">
                {shown === null ? "No verdict" : STATUS[shown.verdict.status].word}
                {shown !== null && isSimulated(shown.verdict) ? ", simulator" : ""}
              </span>
              <span class="code">{shown?.verdict.code ?? ""}</span>
            </button>
          </li>
        ))}
      </ul>
      <button type="button" class="plain" onClick={onPrintAll}>
        Print all records
      </button>
    </nav>
  );
}
