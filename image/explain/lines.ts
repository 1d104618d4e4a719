import type { LineChange } from "./model.ts";

/** Both lists in one, each line marked with where it stands; empty when the lists are equal. */
export function diffLines(a: readonly string[], b: readonly string[]): LineChange[] {
  if (a.length === b.length && a.every((line, i) => line === b[i])) return [];
  // Long lists have no room for a table: what one has and the other does not is told without regard to order.
  if (a.length * b.length > MAX_CELLS) {
    const left = new Set(a);
    const right = new Set(b);
    return [
      ...a.filter((line) => !right.has(line)).map((text): LineChange => ({ in: "a", text })),
      ...b.filter((line) => !left.has(line)).map((text): LineChange => ({ in: "b", text })),
    ];
  }
  return along(a, b, commonLengths(a, b));
}

/** At [i][j] the length of the longest list that both `a` from i and `b` from j hold. */
function commonLengths(a: readonly string[], b: readonly string[]): Uint32Array[] {
  const table = Array.from({ length: a.length + 1 }, () => new Uint32Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--) {
      const row = table[i];
      if (row !== undefined)
        row[j] = a[i] === b[j] ? cell(table, i + 1, j + 1) + 1 : Math.max(cell(table, i + 1, j), cell(table, i, j + 1));
    }
  return table;
}

function along(a: readonly string[], b: readonly string[], table: Uint32Array[]): LineChange[] {
  const lines: LineChange[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    const left = a[i];
    const right = b[j];
    if (left !== undefined && left === right) {
      lines.push({ in: "both", text: left });
      i++;
      j++;
    } else if (left !== undefined && (right === undefined || cell(table, i + 1, j) >= cell(table, i, j + 1))) {
      lines.push({ in: "a", text: left });
      i++;
    } else if (right !== undefined) {
      lines.push({ in: "b", text: right });
      j++;
    }
  }
  return lines;
}

function cell(table: Uint32Array[], i: number, j: number): number {
  return table[i]?.[j] ?? 0;
}

const MAX_CELLS = 1_000_000;
