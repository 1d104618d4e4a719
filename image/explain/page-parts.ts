import { markup, type Markup } from "./markup.ts";
import type { FieldChange } from "./model.ts";

/** A part of the page with a heading of its own. */
export function panel(id: string, title: string, content: Markup): Markup {
  return markup`<section class="panel" id="${id}" aria-labelledby="${id}-title"><h2 id="${id}-title">${title}</h2>${content}</section>`;
}

/** A table whose rows begin with a heading. */
export function table(caption: string, columns: readonly string[], rows: readonly Markup[]): Markup {
  const heads = columns.map((column) => (column === "" ? markup`<td></td>` : markup`<th scope="col">${column}</th>`));
  return markup`<table><caption>${caption}</caption><thead><tr>${heads}</tr></thead><tbody>${rows}</tbody></table>`;
}

/** Rows of named values before and after. */
export function fieldRows(fields: readonly FieldChange[]): Markup[] {
  return fields.map(
    ({ field, a, b }) =>
      markup`<tr><th scope="row">${field}</th><td class="from">${a === null ? "absent" : code(a)}</td><td class="to">${b === null ? "absent" : code(b)}</td></tr>`,
  );
}

/** Machine text. */
export function code(text: string): Markup {
  return markup`<code>${text}</code>`;
}

/** JSON to copy. */
export function json(value: unknown): Markup {
  const rows = JSON.stringify(value, null, 1)
    .split("\n")
    .map((row) => markup`${row}\n`);
  return markup`<pre tabindex="0">${rows}</pre>`;
}

/** One paragraph each. */
export function lines(texts: readonly string[]): Markup[] {
  return texts.map((text) => markup`<p>${text}</p>`);
}

/** A word with a look: added, removed, changed or same. */
export function tag(status: string, word: string = status): Markup {
  return markup`<span class="tag ${status}">${word}</span>`;
}

/** What is long stays folded. */
export function folded(summary: string, content: Markup, open = false): Markup {
  return open
    ? markup`<details open><summary>${summary}</summary>${content}</details>`
    : markup`<details><summary>${summary}</summary>${content}</details>`;
}
