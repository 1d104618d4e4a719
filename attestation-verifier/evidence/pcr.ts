declare const parsed: unique symbol;

/** The value of a platform configuration register: 48 bytes, SHA-384. */
export type PcrValue = Uint8Array & { readonly [parsed]: "PcrValue" };

export const PCR_BYTES = 48;
/** NSM has registers 0 to 31. */
export const PCR_COUNT = 32;

/** A register value, or null when it has another length. */
export function parsePcrValue(bytes: Uint8Array): PcrValue | null {
  return bytes.length === PCR_BYTES ? (bytes as PcrValue) : null;
}

/** Whether every bit is zero: a register nobody extended, or one that debug mode hides. */
export function isZeroPcr(value: PcrValue): boolean {
  let any = 0;
  for (const byte of value) any |= byte;
  return any === 0;
}
