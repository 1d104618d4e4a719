import type { ComponentChildren, JSX } from "preact";

/** Names with their values; a null value is left out. */
export function Facts({
  rows,
  class: name = "facts",
}: {
  rows: readonly (readonly [string, ComponentChildren] | null)[];
  class?: string;
}): JSX.Element {
  return (
    <dl class={name}>
      {rows.map((row) =>
        row === null ? null : (
          <div key={row[0]}>
            <dt>{row[0]}</dt>
            <dd>{row[1]}</dd>
          </div>
        ),
      )}
    </dl>
  );
}

/** Digits, digests and names that must be read letter by letter. */
export function Code({ children }: { children: ComponentChildren }): JSX.Element {
  return <code>{children}</code>;
}

/** A part of the page under a heading. */
export function Section({ id, title, children }: { id: string; title: string; children: ComponentChildren }): JSX.Element {
  return (
    <section class="panel" aria-labelledby={id}>
      <h3 id={id}>{title}</h3>
      {children}
    </section>
  );
}
