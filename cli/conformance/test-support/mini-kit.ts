import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Files of one vector by name; null leaves one out. */
export type VectorFiles = Record<string, string | Uint8Array | null>;

/** A manifest that is right, with some keys changed. */
export function manifest(id: string, changes: Record<string, unknown> = {}): Record<string, unknown> {
  const time = "2026-11-21T10:00:00.000Z";
  const head = { id, title: `vector ${id}`, rule: "reject-2", reason: "because", source: "RFC 9052 §4.2" };
  return { ...head, mode: "live", time, nonce: null, maxAgeSeconds: 300, ...changes };
}

/** An empty document is refused as one, whatever the trust file says. */
export const EMPTY_REFUSED: Readonly<Record<string, unknown>> = {
  exit: 30,
  status: "contraindicated",
  code: "envelope-size",
  stage: "envelope",
};
export const ACCEPTED: Readonly<Record<string, unknown>> = {
  exit: 0,
  status: "affirming",
  code: "verified",
  reasons: ["verified"],
  stage: "verdict",
};

/** Writes a folder of vectors, each with an empty document that is refused unless it says otherwise. */
export function writeKit(vectors: Record<string, VectorFiles>): string {
  const folder = mkdtempSync(join(tmpdir(), "caladrius-kit-"));
  for (const [id, changes] of Object.entries(vectors)) {
    const files: VectorFiles = {
      "manifest.json": JSON.stringify(manifest(id)),
      "expected.json": JSON.stringify(EMPTY_REFUSED),
      "trust.json": JSON.stringify({ roots: ["aws-nitro-root-g1"], pcrs: [] }),
      "input.cose": "",
      ...changes,
    };
    mkdirSync(join(folder, id));
    for (const [name, content] of Object.entries(files)) if (content !== null) writeFileSync(join(folder, id, name), content);
  }
  return folder;
}

/** A runner that is one line of shell; the values of a vector are $1 to $6. */
export function shellRunner(name: string, script: string): string {
  return `${name}=sh -c '${script}' sh {input} {trust} {mode} {time} {nonce} {maxAge}`;
}
