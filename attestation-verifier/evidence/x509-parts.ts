import { fromHex, toHex } from "@caladrius/wire";
import { Refusal } from "../verdict/refusal.ts";
import { TAG, type DerReader } from "./der.ts";
import { parseUtcTime } from "./utc-time.ts";

/** Reads an AlgorithmIdentifier, which must be ecdsa-with-SHA384 without parameters. @throws Refusal, as the profile says */
export function readAlgorithm(reader: DerReader, what: string): void {
  if (reader.skipExactly(ECDSA_WITH_SHA384)) return;
  throw new Refusal(reader.profile.codes.algorithm, {
    subject: `${reader.name}, ${what}`,
    expected: toHex(ECDSA_WITH_SHA384),
    actual: toHex(reader.element(TAG.sequence, what).subarray(0, 24)),
  });
}

/**
 * Reads a Time, which must be a UTCTime; Unix milliseconds. GeneralizedTime is for dates from 2050 on alone
 * (RFC 5280 §4.1.2.5, §5.1.2.4), when no key of this profile is in use any more: Root-G1 ends in 2049.
 * @throws Refusal, as the profile says
 */
export function readTime(reader: DerReader, what: string): number {
  if (!reader.nextIs(TAG.utcTime))
    throw new Refusal(reader.profile.codes.time, {
      subject: `${reader.name}, ${what}`,
      expected: "UTCTime",
      actual: `tag ${reader.bytes[reader.at] ?? "none"}`,
    });
  return parseUtcTime(reader.content(TAG.utcTime, what), reader.name, reader.profile.codes.time);
}

/** Reads an Ecdsa-Sig-Value (RFC 3279 §2.2.3) in a BIT STRING, as r || s of 96 bytes. @throws Refusal, as the profile says */
export function readSignature(reader: DerReader): Uint8Array {
  const refuse = (actual: string): Refusal => new Refusal(reader.profile.codes.signature, { subject: reader.name, actual });
  const outside = reader.enter(TAG.bitString, "signature");
  if (reader.at === reader.end || reader.bytes[reader.at] !== 0) throw refuse("unused bits");
  reader.at += 1;
  const bits = reader.enter(TAG.sequence, "signature");
  const signature = new Uint8Array(96);
  for (let end = 48; end <= 96; end += 48) {
    const value = positiveInteger(reader.content(TAG.integer, "signature"));
    if (value === null || value.length > 48) throw refuse("an integer out of range");
    signature.set(value, end - value.length);
  }
  reader.leave(bits, "signature");
  if (reader.at !== reader.end) throw refuse("bytes behind it");
  reader.leave(outside, "signature");
  return signature;
}

/** The magnitude of a DER integer above zero; null for zero, negative, empty or padded ones (X.690 §8.3.2). */
export function positiveInteger(content: Uint8Array): Uint8Array | null {
  const first = content[0] ?? 0x80;
  if (first > 0x7f) return null;
  if (first !== 0) return content;
  return (content[1] ?? 0) > 0x7f ? content.subarray(1) : null;
}

// AlgorithmIdentifier of ecdsa-with-SHA384, whose parameters must be absent (RFC 5758 §3.2)
const ECDSA_WITH_SHA384: Uint8Array = fromHex("300a06082a8648ce3d040303");
