/** A line of two texts: in both, or in one of them. */
export interface DiffLine {
  mark: " " | "-" | "+";
  text: string;
}

/**
 * The lines that differ between two texts, with up to `around` lines of both beside them: a longest common subsequence
 * (Myers' greedy form, O((N+M)D)); texts that differ in more than `most` lines are told as wholly replaced.
 */
export function diffLines(before: string, after: string, around = 2, most = 4000): readonly DiffLine[] {
  if (before === after) return [];
  const [a, b] = [before.split("\n"), after.split("\n")];
  const all = align(a, b, most) ?? [
    ...a.map((text): DiffLine => ({ mark: "-", text })),
    ...b.map((text): DiffLine => ({ mark: "+", text })),
  ];
  return all.filter(({ mark }, i) => mark !== " " || all.slice(Math.max(0, i - around), i + around + 1).some((near) => near.mark !== " "));
}

/** Myers, "An O(ND) Difference Algorithm and Its Variations" (1986), with the furthest points of each step kept. */
function align(a: readonly string[], b: readonly string[], most: number): readonly DiffLine[] | null {
  const steps: Map<number, number>[] = [];
  let furthest = new Map<number, number>([[1, 0]]);
  for (let d = 0; d <= Math.min(a.length + b.length, most); d++) {
    steps.push(new Map(furthest));
    const next = new Map(furthest);
    for (let k = -d; k <= d; k += 2) {
      let x = takesDown(furthest, k, d) ? (furthest.get(k + 1) ?? 0) : (furthest.get(k - 1) ?? 0) + 1;
      while (x < a.length && x - k < b.length && a[x] === b[x - k]) x++;
      next.set(k, x);
      if (x >= a.length && x - k >= b.length) return walkBack(a, b, steps);
    }
    furthest = next;
  }
  return null;
}

function walkBack(a: readonly string[], b: readonly string[], steps: readonly Map<number, number>[]): readonly DiffLine[] {
  const lines: DiffLine[] = [];
  let [x, y] = [a.length, b.length];
  for (let d = steps.length - 1; d >= 0; d--) {
    const furthest = steps[d] ?? new Map<number, number>();
    const k = x - y;
    const from = takesDown(furthest, k, d) ? k + 1 : k - 1;
    const fromX = d === 0 ? 0 : (furthest.get(from) ?? 0);
    const fromY = d === 0 ? 0 : fromX - from;
    while (x > fromX && y > fromY) {
      lines.push({ mark: " ", text: a[x - 1] ?? "" });
      x--;
      y--;
    }
    if (d > 0) lines.push(x === fromX ? { mark: "+", text: b[y - 1] ?? "" } : { mark: "-", text: a[x - 1] ?? "" });
    [x, y] = [fromX, fromY];
  }
  return lines.toReversed();
}

function takesDown(furthest: ReadonlyMap<number, number>, k: number, d: number): boolean {
  return k === -d || (k !== d && (furthest.get(k - 1) ?? -1) < (furthest.get(k + 1) ?? -1));
}
