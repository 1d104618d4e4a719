import { Cannot } from "./adapter.mjs";

/** A set of a trust file as Evervault's libraries name it: they know PCR0, 1, 2 and 8, and compare lower-case hex. */
export function fourRegisters(set) {
  const others = Object.keys(set).filter((index) => !["0", "1", "2", "8"].includes(index));
  if (others.length > 0) throw new Cannot(`cannot be given PCR${others.join(", PCR")}`);
  return Object.fromEntries(Object.entries(set).map(([index, value]) => [`pcr${index}`, value]));
}
