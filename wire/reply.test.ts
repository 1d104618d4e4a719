import { describe, expect, it } from "vitest";
import * as wire from "./index.ts";
import { WireError, type CborValue } from "./index.ts";
import { b } from "./test-support/values.ts";

describe("replies", () => {
  it("have sizes that depend on level and job size alone", () => {
    const content = wire.encodeReplyContent({ version: 1, result: b(10), disclosures: [b(3)], identity: b(3), evidence: b(3) });
    for (const level of ["alarm", "findings", "full"] as const) {
      const padded = wire.padReply(content, level, 49_152);
      expect(padded.length).toBe(wire.replyPaddedBytes(level, 49_152));
      expect(wire.decodeReplyContent(padded)).toEqual({ version: 1, result: b(10), disclosures: [b(3)], identity: b(3), evidence: b(3) });
      expect(wire.replyRoom(level, 49_152)).toBe(padded.length - 4);
    }
    expect(wire.replyPaddedBytes("alarm", 4096)).toBe(wire.replyPaddedBytes("alarm", 2 ** 24));
    for (const value of [1, [b(1)], [b(1), "x"], ["x", b(1)]] as CborValue[])
      expect(() => wire.decodeSealedReply(wire.encodeCbor(value))).toThrow(WireError);
  });

  it("fit one message together, however many recipients a job of whatever size has", () => {
    for (const level of ["alarm", "findings", "full"] as const) {
      const ciphertext = new Uint8Array(wire.replyPaddedBytes(level, wire.MAX_SEALED_JOB_BYTES) + wire.AEAD_TAG_BYTES);
      const reply = wire.encodeSealedReply({ enc: new Uint8Array(1120), ciphertext });
      const replies = Array.from({ length: wire.MAX_RECIPIENTS }, () => reply);
      const notices = Array.from({ length: 8 }, () => new Uint8Array(16 * 1024));
      expect(wire.encodeJobReply({ status: new Uint8Array(4096), replies, notices }).length).toBeLessThanOrEqual(wire.MAX_MESSAGE_BYTES);
    }
  });

  it("are bound to kinds and digests", () => {
    const distinct = [
      wire.replyInfo(b(32)),
      wire.identityCommitment(b(16)),
      wire.kmsCommitment(b(16)),
      wire.sealedJobInfo(b(32), b(48)),
      wire.approvedBytes("bundle", b(48), b(1)),
      wire.approvedBytes("release", b(48), b(1)),
    ].map(wire.toHex);
    expect(new Set(distinct).size).toBe(distinct.length);
    expect([0, 16, 17, 33].map(wire.disclosureArrayLength)).toEqual([16, 16, 32, 64]);
    expect(wire.enclaveErrorName(wire.ENCLAVE_ERROR["unknown-key"])).toBe("unknown-key");
    expect(wire.enclaveErrorName(250)).toBe("internal");
  });
});
