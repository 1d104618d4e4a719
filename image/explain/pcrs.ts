import type { OpenImage } from "./open.ts";
import type { Consequences, Pair, PcrMove, SectionChange, TrustAnswer, TrustSetAnswer } from "./model.ts";

/** The sets of PCRs that a trust file accepts. */
export interface TrustSets {
  /** The file's name, for people. */
  file: string;
  sets: readonly ReadonlyMap<number, Uint8Array>[];
}

/** The registers that measure a section: `ramdisk` counts from 0. */
export function feedsOf(kind: SectionChange["kind"], ramdisk: number): number[] {
  switch (kind) {
    case "kernel":
    case "cmdline":
      return [0, 1];
    case "ramdisk":
      return ramdisk === 0 ? [0, 1] : [0, 2];
    case "signature":
      return [8];
    case "metadata":
      return [];
  }
}

/** Which registers move, and by which sections. */
export function movesOf({ a, b }: Pair<OpenImage>, sections: readonly SectionChange[]): PcrMove[] {
  return MEASURED.map(([index, meaning]) => {
    const before = a.pcrs.get(index) ?? null;
    const after = b.pcrs.get(index) ?? null;
    const because = sections.filter(({ feeds, status }) => feeds.includes(index) && status !== "same").map(({ name }) => name);
    return { index, meaning, moved: before !== after, a: before, b: after, because };
  });
}

/** What pins the registers of the first image, and has to follow. */
export function consequencesOf(moves: readonly PcrMove[], digests: Pair<string>): Consequences {
  const moved = moves.filter((move) => move.moved);
  const kms = moved.flatMap(({ index, a, b }) => {
    if (a === null || b === null) return [];
    const names = index === 0 ? ["ImageSha384", "PCR0"] : [`PCR${index}`];
    return names.map((name) => ({ condition: `kms:RecipientAttestation:${name}`, a, b }));
  });
  const release = moved.filter(({ index }) => index !== 8).map(({ index, a, b }) => ({ field: `PCR${index}`, a, b }));
  if (digests.a !== digests.b) release.push({ field: "imageDigest (SHA-384 of the file)", ...digests });
  return {
    kms,
    trustSet: moved.length === 0 ? null : registersOf(moves, "b"),
    release,
    unmoved: UNMOVED.map(([pcr, why]) => ({ pcr, why })),
  };
}

/** What a trust file says of both images, by the registers that an image tells. */
export function askTrust({ file, sets }: TrustSets, moves: readonly PcrMove[]): TrustAnswer {
  return { file, sets: sets.map((set, i) => askSet(set, i + 1, moves)) };
}

function askSet(set: ReadonlyMap<number, Uint8Array>, number: number, moves: readonly PcrMove[]): TrustSetAnswer {
  const pinned = new Map([...set].map(([index, value]) => [index, Buffer.from(value).toString("hex")]));
  const debug = [0, 1, 2].every((index) => pinned.get(index) === ZERO);
  const misfits = (side: "a" | "b"): number[] =>
    moves
      .filter(({ index }) => pinned.has(index) && !(debug && index !== 8))
      .filter((move) => pinned.get(move.index) !== move[side])
      .map(({ index }) => index);
  const answer = { a: misfits("a"), b: misfits("b") };
  const accepts = { a: answer.a.length === 0, b: answer.b.length === 0 };
  const open = [...pinned.keys()].filter((index) => !moves.some((move) => move.index === index)).toSorted((x, y) => x - y);
  const successor =
    accepts.a && !accepts.b && moves.every(({ b }) => b !== null)
      ? Object.fromEntries(
          [...pinned]
            .toSorted(([x], [y]) => x - y)
            .map(([index, value]) => [String(index), moves.find((move) => move.index === index)?.b ?? value]),
        )
      : null;
  return { number, accepts, misfits: answer, open, debug, successor };
}

function registersOf(moves: readonly PcrMove[], side: "a" | "b"): Record<string, string> {
  const registers: Record<string, string> = {};
  for (const move of moves) {
    const value = move[side];
    if (value !== null && (move.index !== 8 || value !== ZERO)) registers[String(move.index)] = value;
  }
  return registers;
}

const ZERO = "00".repeat(48);
const MEASURED: readonly (readonly [PcrMove["index"], string])[] = [
  [0, "whole image: kernel, command line and every ramdisk"],
  [1, "boot part: kernel, command line and the first ramdisk"],
  [2, "application: every ramdisk after the first"],
  [8, "signer: the signing certificate; zeros for an unsigned image"],
];
const UNMOVED: readonly (readonly [string, string])[] = [
  ["PCR3, PCR4", "the role and the parent instance that the enclave runs on"],
  ["PCR16", "the constitution, which is handed over when the enclave starts and is not in the image"],
  ["PCR17", "the policy bundle, which is handed over when the enclave starts and is not in the image"],
];
