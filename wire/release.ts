import { array, bytes, decodeWith, encodeWith, nullable, struct, text, version, type Schema } from "./schema/index.ts";

/** What was released: never changes, holds no lifecycle (the status list does). */
export interface Release {
  version: number;
  name: string;
  softwareVersion: string;
  /** whole sets of PCR0, PCR1, PCR2: one per kernel or architecture */
  pcrs: { pcr0: Uint8Array; pcr1: Uint8Array; pcr2: Uint8Array }[];
  imageDigest: Uint8Array;
  sourceCommit: string;
  sbomDigest: Uint8Array | null;
  notes: string;
}

const release: Schema<Release> = struct<Release>({
  version: ["v", version(1)],
  name: ["name", text(1, 128)],
  softwareVersion: ["softwareVersion", text(1, 64)],
  pcrs: ["pcrs", array(struct<Release["pcrs"][number]>({ pcr0: [0, bytes(48)], pcr1: [1, bytes(48)], pcr2: [2, bytes(48)] }), 1, 8)],
  imageDigest: ["imageDigest", bytes(48)],
  sourceCommit: ["sourceCommit", text(1, 64)],
  sbomDigest: ["sbomDigest", nullable(bytes(48))],
  notes: ["notes", text(0, 8192)],
});

/** Encodes the payload of a release statement. */
export const encodeRelease = (value: Release): Uint8Array => encodeWith(release, value);
/** Reads the payload of a release statement. @throws WireError, LimitError */
export const decodeRelease = (payload: Uint8Array): Release =>
  decodeWith(release, payload, "release", { maxBytes: 64 * 1024, maxDepth: 4, maxItems: 256 });
