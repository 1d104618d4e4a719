import { fromHex } from "@caladrius/wire";
import { isZeroPcr, parsePcrValue, PCR_COUNT, type PcrValue } from "../evidence/pcr.ts";
import { Refusal } from "../verdict/refusal.ts";

declare const parsed: unique symbol;

/** One whole set of trusted measurements (RFC 9334 §8.3 Reference Values): PCR0, 1 and 2, and others as named. */
export type PcrSet = ReadonlyMap<number, PcrValue> & { readonly [parsed]: "PcrSet" };

/**
 * Reads a set from index -> 96 lower-case hex digits. Values of zeros are refused where they would let a debug enclave
 * pass (0, 1, 2; with `allowDebug` all three must be zero or none) and where a register cannot be zero (4, 16 and above).
 * @throws Refusal trust-pcrs, trust-pcr-zero
 */
export function parsePcrSet(hexByIndex: Readonly<Record<string, unknown>>, { allowDebug }: { readonly allowDebug: boolean }): PcrSet {
  const set = new Map<number, PcrValue>();
  for (const [key, hex] of Object.entries(hexByIndex)) {
    const index = Number(key);
    if (!/^(0|[1-9][0-9]?)$/.test(key) || index >= PCR_COUNT) throw new Refusal("trust-pcrs", { subject: "an index", expected: "0 to 31" });
    if (typeof hex !== "string" || !/^[0-9a-f]{96}$/.test(hex))
      throw new Refusal("trust-pcrs", {
        subject: `PCR${index}`,
        actual: typeof hex === "string" ? `${hex.length} characters` : "another type",
      });
    set.set(index, parsePcrValue(fromHex(hex)) as PcrValue); // 48 bytes, as the pattern says
  }
  const image = IMAGE_PCRS.map((index) => set.get(index));
  if (image.includes(undefined))
    throw new Refusal("trust-pcrs", {
      expected: "PCR0, PCR1 and PCR2",
      actual: [...set.keys()].map((index) => `PCR${index}`).join(", ") || "none",
    });
  refuseZeros(set, allowDebug);
  return set as ReadonlyMap<number, PcrValue> as PcrSet;
}

function refuseZeros(set: ReadonlyMap<number, PcrValue>, allowDebug: boolean): void {
  const zero = [...set].filter(([, value]) => isZeroPcr(value)).map(([index]) => index);
  const inImage = zero.filter((index) => IMAGE_PCRS.includes(index));
  if (inImage.length > 0 && !allowDebug)
    throw new Refusal("trust-pcr-zero", { subject: `PCR${inImage[0]}`, expected: "a measurement (zeros need allowDebug)" });
  if (inImage.length > 0 && inImage.length < IMAGE_PCRS.length)
    throw new Refusal("trust-pcr-zero", {
      subject: `PCR${inImage[0]}`,
      expected: "PCR0, PCR1 and PCR2 all zero, as in debug mode, or none",
    });
  // PCR4 holds the instance id, 16 and above are pinned only where the program extends them; 3 and 8 are zero without role or signature
  const impossible = zero.find((index) => index === 4 || index >= 16);
  if (impossible !== undefined) throw new Refusal("trust-pcr-zero", { subject: `PCR${impossible}` });
}

/** The registers that measure the image. Debug mode zeroes exactly these. */
export const IMAGE_PCRS: readonly number[] = [0, 1, 2];
