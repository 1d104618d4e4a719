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
