import type { SignatureBackend } from "../signatures/backend.ts";
import { signatures as node } from "../signatures/node.ts";
import { parseTimeAuthority } from "../time/time-authority.ts";
import { verifyTimeStamp, type ProvedTime } from "../time/verify-time-stamp.ts";
import type { Refusal } from "../verdict/refusal.ts";
import { ascii } from "./der.ts";
import { digestOf, makeTimeStamp, timeCertificate, type TimeStampOptions } from "./test-time-stamp.ts";

/** Digest of what the test tokens stamp, and when they do: 2026-03-01T12:01:02.12Z. */
export const digest: Uint8Array = digestOf("sha256", ascii("result"));
export const genTimeMs: number = Date.UTC(2026, 2, 1, 12, 1, 2, 120);

/** Verifies a token of `stamp` under some pinned certificates. */
export async function verify(token: Uint8Array, pinned: readonly Uint8Array[], signatures: SignatureBackend = node): Promise<ProvedTime> {
  return verifyTimeStamp(token, { digest, authorities: pinned.map(parseTimeAuthority), signatures });
}

/** The code that a token of `stamp` is refused with, or "accepted". */
export async function codeOf(token: Uint8Array, pinned: readonly Uint8Array[]): Promise<string> {
  return verify(token, pinned).then(
    () => "accepted",
    (error: unknown) => (error as Refusal).code,
  );
}

/** A token, good without options. */
export const stamp = (options: Partial<TimeStampOptions> = {}): Uint8Array => makeTimeStamp({ digest, genTimeMs, ...options });
/** The P-384 authority that `stamp` uses, and its issuer. */
export const own: Uint8Array = timeCertificate("P-384");
export const issuer: Uint8Array = timeCertificate("P-384", "issuer");

/** Field `index` of a certificate's tbsCertificate, whole: 0 version, 1 serial number, 3 issuer, 5 subject. */
export function fieldOf(certificate: Uint8Array, index: number): Uint8Array {
  const length = (at: number): [number, number] => {
    const [first = 0, second = 0, third = 0] = certificate.subarray(at + 1);
    if (first < 0x80) return [2, first];
    return first === 0x81 ? [3, second] : [4, (second << 8) | third];
  };
  let at = length(0)[0];
  at += length(at)[0];
  if (certificate[at] !== 0xa0) index -= 1; // a test left the version out
  for (let i = 0; i < index; i++) at += length(at)[0] + length(at)[1];
  return certificate.subarray(at, at + length(at)[0] + length(at)[1]);
}
