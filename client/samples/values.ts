import type { Channel } from "@caladrius/wire";

/** A sample as decimal text, such as "37.2", for channels whose denominator is a power of ten; null where missing. */
export function valueText(channel: Channel, index: number): string | null {
  const raw = channel.samples[index] ?? channel.missing;
  if (raw === channel.missing) return null;
  const { numerator, offset, denominator } = channel.scale;
  return ((raw * numerator + offset) / denominator).toFixed(Math.round(Math.log10(denominator)));
}
