/** A course through points (seconds, value), smooth between them and level outside. */
export type Course = readonly (readonly [seconds: number, value: number])[];

/** Value of a course at a time: half a cosine wave from each point to the next. */
export function courseAt(course: Course, seconds: number): number {
  let [before] = course;
  for (const point of course) {
    if (point[0] > seconds) {
      if (before === undefined || before[0] > seconds) return point[1];
      const share = (seconds - before[0]) / (point[0] - before[0]);
      return before[1] + ((point[1] - before[1]) * (1 - Math.cos(Math.PI * share))) / 2;
    }
    before = point;
  }
  return before?.[1] ?? 0;
}
