import { escapeText, toHex, type SigningPublicKey } from "@caladrius/wire";
import { sha256 } from "@noble/hashes/sha2.js";
import type { ComponentChildren, JSX } from "preact";
import { Code, Facts } from "../verify/facts.tsx";

/** A name with what is said of it, of which there may be several of one name. */
export type Row = readonly [name: string, ...said: ComponentChildren[]];

/** A part of what is approved, under a heading. */
export function Part({ title, rows, none }: { title: string; rows: readonly Row[]; none?: string }): JSX.Element | null {
  if (rows.length === 0 && none === undefined) return null;
  return (
    <div class="part">
      <h3>{title}</h3>
      {rows.length === 0 ? <p class="none">{none}</p> : <Facts rows={rows.map(([name, ...said]) => [escapeText(name), lines(said)])} />}
    </div>
  );
}

/** Rows under columns, where every row says the same things. */
export function Table({
  title,
  columns,
  rows,
  none,
}: {
  title: string;
  columns: readonly string[];
  rows: readonly (readonly ComponentChildren[])[];
  none: string;
}): JSX.Element {
  return (
    <div class="part">
      <h3>{title}</h3>
      {rows.length === 0 ? (
        <p class="none">{none}</p>
      ) : (
        <table class="said">
          <thead>
            <tr>
              {columns.map((column) => (
                <th key={column} scope="col">
                  {column}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row, i) => (
              <tr key={i}>
                {row.map((cell, j) => (
                  <td key={j} data-column={columns[j]}>
                    {typeof cell === "string" ? escapeText(cell) : cell}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </div>
  );
}

/** Text of several lines as it stands, hidden characters shown. */
export function Source({ title, text }: { title: string; text: string }): JSX.Element {
  return (
    <div class="part">
      <h3>{title}</h3>
      {text === "" ? <p class="none">none</p> : <pre class="source">{escapeLines(text)}</pre>}
    </div>
  );
}

/** Bytes in hex. */
export function Hex({ of }: { of: Uint8Array }): JSX.Element {
  return <Code>{toHex(of)}</Code>;
}

/** A key by the SHA-256 of its raw bytes, as status lists and constitutions' tables name it. */
export function Thumbprint({ of }: { of: Pick<SigningPublicKey, "key"> }): JSX.Element {
  return <Hex of={sha256(of.key)} />;
}

/** Text with its lines kept, and everything that does not show escaped. */
export function escapeLines(text: string): string {
  return text.split("\n").map(escapeText).join("\n");
}

function lines(said: readonly ComponentChildren[]): ComponentChildren {
  return said.map((one, i) => <div key={i}>{typeof one === "string" ? escapeText(one) : one}</div>);
}
