import { escapeText } from "@caladrius/wire";

/** Markup that was made here: every text in it is escaped. */
export class Markup {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** What may stand in a template: texts and numbers are escaped, markup stays, nothing is left out. */
export type Part = string | number | Markup | readonly Markup[] | null;

/** Markup from a template; whatever it is filled with that is not markup acts as text, in elements and quoted attributes. */
export function markup(strings: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  return new Markup(strings.map((string, i) => string + render(parts[i] ?? null)).join(""));
}

function render(part: Part): string {
  if (part === null) return "";
  if (part instanceof Markup) return part.text;
  if (typeof part === "object") return part.map((one) => one.text).join("");
  return escapeText(`${part}`).replaceAll(/[&<>"'`]/g, (char) => `&#${char.charCodeAt(0)};`);
}

/** A part of the page with a heading of its own. */
export function panel(id: string, title: string, content: Markup): Markup {
  return markup`<section class="panel" id="${id}" aria-labelledby="${id}-title"><h2 id="${id}-title">${title}</h2>${content}</section>`;
}

/** A table in a box that scrolls by itself; rows begin with a heading. */
export function table(caption: string, columns: readonly string[], rows: readonly Markup[]): Markup {
  const heads = columns.map((column) => markup`<th scope="col">${column}</th>`);
  return markup`<div class="scroll" tabindex="0" role="group" aria-label="${caption}"><table><caption>${caption}</caption><thead><tr>${heads}</tr></thead><tbody>${rows}</tbody></table></div>`;
}

/** Rows of a name and what is said of it. */
export function facts(rows: readonly (readonly [string, Part])[]): Markup {
  return markup`<dl class="facts">${rows.map(([name, value]) => markup`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;
}
