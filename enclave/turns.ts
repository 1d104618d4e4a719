import { Refused } from "./refused.ts";

/** Lets so many steps run at once, the others in the order in which they came, and refuses when too many wait. */
export class Turns {
  readonly #atOnce: number;
  readonly #mayWait: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(atOnce: number, mayWait: number) {
    this.#atOnce = atOnce;
    this.#mayWait = mayWait;
  }

  /** Runs a step when its turn comes. @throws Refused overloaded; whatever the step throws */
  async take<T>(step: () => Promise<T>): Promise<T> {
    if (this.#running >= this.#atOnce) {
      if (this.#waiting.length >= this.#mayWait) throw new Refused("overloaded");
      await new Promise<void>((resolve) => this.#waiting.push(resolve)); // the turn is handed over: it stays counted
    } else {
      this.#running++;
    }
    try {
      return await step();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#running--;
      else next();
    }
  }
}
