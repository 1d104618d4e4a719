import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Agreement } from "./agreement.ts";
import type { Segment } from "./energy.ts";
import type { Voted } from "./vote.ts";

const RATE = 100;
const said = (at: number, votes: number): Voted => ({
  at,
  votes,
  isBeat: votes >= 2,
  isDisputed: votes === 1 || votes === 2,
  isDoubtful: false,
});

/** What is uncertain of so many seconds, after these deflections. */
function uncertainOf(all: readonly Voted[], seconds: number): Segment[] {
  const told: Segment[] = [];
  const agreement = new Agreement(RATE, (one) => told.push(one));
  for (const one of all) agreement.push(one);
  agreement.end(seconds * RATE);
  return told;
}

const beats = (from: number, to: number): Voted[] => Array.from({ length: to - from }, (_, i) => said((from + i) * RATE, 3));
const noise = (from: number, to: number): Voted[] => Array.from({ length: to - from }, (_, i) => said((from + i) * RATE + 50, 1));
const inOrder = (all: Voted[]): Voted[] => all.toSorted((a, b) => a.at - b.at);

describe("Agreement", () => {
  it("tells nothing of beats that all see, of silence and of what another lead sees", () => {
    expect(uncertainOf(beats(0, 300), 300)).toEqual([]);
    expect(uncertainOf([], 300)).toEqual([]);
    expect(uncertainOf([said(0, 3), ...Array.from({ length: 100 }, (_, i) => said(i * RATE + 1, 0))], 100)).toEqual([]);
  });
  it("tells a stretch of noise to within the 12.5 s that it looks around", () => {
    const [stretch, ...others] = uncertainOf(inOrder([...beats(0, 300), ...noise(100, 160)]), 300);
    expect(others).toEqual([]);
    expect(Math.abs(stretch!.from / RATE - 100)).toBeLessThanOrEqual(12.5);
    expect(Math.abs(stretch!.to / RATE - 160)).toBeLessThanOrEqual(12.5);
  });
  it("begins at two false alarms to every three beats or so", () => {
    const every = (step: number): Voted[] => inOrder([...beats(0, 200), ...noise(0, 200).filter((_, i) => i % step === 0)]);
    expect(uncertainOf(every(1), 200)).toEqual([{ from: 0, to: 200 * RATE }]); // a half is beats
    expect(uncertainOf(every(2), 200)).toEqual([]); // two thirds are
  });
  it("lets two false alarms pass where there is little else", () => {
    expect(uncertainOf([said(10, 1), said(700, 1)], 60)).toEqual([]);
    expect(uncertainOf([said(10, 1), said(300, 1), said(700, 1)], 60)).toHaveLength(1);
  });
  it("ends with the signal", () => {
    expect(uncertainOf(noise(0, 42), 42)).toEqual([{ from: 0, to: 4200 }]);
    expect(uncertainOf(noise(0, 3), 3)).toEqual([{ from: 0, to: 300 }]);
  });
  it("gives stretches in order that do not touch, within the signal", () => {
    const deflections = fc.array(fc.tuple(fc.nat(30_000), fc.integer({ min: 0, max: 3 })), { maxLength: 400 });
    fc.assert(
      fc.property(deflections, (all) => {
        let last = -1;
        for (const { from, to } of uncertainOf(inOrder(all.map(([at, votes]) => said(at, votes))), 301)) {
          expect(from).toBeGreaterThan(last);
          expect(to).toBeGreaterThan(from);
          last = to;
        }
        expect(last).toBeLessThanOrEqual(30_100);
      }),
    );
  });
});
