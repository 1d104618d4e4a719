import { bool, bytes, int, nullable, struct, type Schema } from "./schema/index.ts";

/** Where a window stands in its stream. */
export interface StreamPosition {
  id: Uint8Array;
  sequence: number;
  first: boolean;
  final: boolean;
  /** SHA-256 of the sealed job before, as submitted; null for the first */
  previous: Uint8Array | null;
}

/** Schema of a position in a stream. */
export const streamPosition: Schema<StreamPosition> = struct<StreamPosition>({
  id: ["id", bytes(16)],
  sequence: ["sequence", int(0, 2 ** 40)],
  first: ["first", bool],
  final: ["final", bool],
  previous: ["previous", nullable(bytes(32))],
});
