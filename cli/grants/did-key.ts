import type { SigningPublicKey } from "@caladrius/wire";

/** The key as a did:key (W3C CCG did:key v0.7): multicodec prefix, P-256 compressed, base58btc. */
export function didKey({ alg, key }: SigningPublicKey): string {
  const prefixed = alg === "Ed25519" ? Buffer.concat([ED25519, key]) : Buffer.concat([P256, compressed(key)]);
  return `did:key:z${base58(prefixed)}`;
}

/** SEC 1 §2.3.3: the sign of y, then x. */
function compressed(point: Uint8Array): Uint8Array {
  return Uint8Array.of((point.at(-1) ?? 0) % 2 === 0 ? 2 : 3, ...point.subarray(1, 33));
}

function base58(bytes: Uint8Array): string {
  let number = BigInt(`0x${Buffer.from(bytes).toString("hex")}`);
  let text = "";
  for (; number > 0n; number /= 58n) text = `${ALPHABET[Number(number % 58n)] ?? ""}${text}`;
  const zeros = bytes.findIndex((byte) => byte !== 0);
  return "1".repeat(Math.max(0, zeros)) + text;
}

const ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const ED25519 = Buffer.of(0xed, 0x01);
const P256 = Buffer.of(0x80, 0x24);
