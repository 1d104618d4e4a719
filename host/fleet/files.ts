import { createHash } from "node:crypto";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import {
  decodeFleetCandidate,
  decodeFleetEpoch,
  decodeFleetRecord,
  decodeStatement,
  equalBytes,
  LimitError,
  MAX_FLEET_EPOCH_BYTES,
  toHex,
  WireError,
} from "@caladrius/wire";
import { escapeText } from "../text.ts";

/** An epoch as the host sees it: bytes to hand over, and what its record says. Nothing of it is verified here. */
export interface FleetFile {
  path: string;
  bytes: Uint8Array;
  fleet: string;
  epoch: number;
  /** hex SHA-256 of the key set: the key id of jobs sealed to it */
  keyId: string;
  notBeforeMs: number;
  notAfterMs: number;
}

/** A file that is no epoch, with a sentence. */
export interface FleetFileProblem {
  path: string;
  problem: string;
}

/** Reads every `.fleet` file of these folders, and these files; 64 at most. */
export async function readFleetFiles(places: readonly string[]): Promise<{ files: FleetFile[]; problems: FleetFileProblem[] }> {
  const files: FleetFile[] = [];
  const problems: FleetFileProblem[] = [];
  const paths: string[] = [];
  for (const place of places) {
    try {
      paths.push(...(await pathsOf(place)));
    } catch (error) {
      problems.push({ path: place, problem: `it cannot be read (${codeOf(error)})` });
    }
  }
  for (const path of paths.slice(MOST_FILES)) problems.push({ path, problem: `more than ${MOST_FILES} epochs: this one is left out` });
  for (const path of paths.slice(0, MOST_FILES)) {
    try {
      files.push(await readFleetFile(path));
    } catch (error) {
      problems.push({
        path,
        problem:
          error instanceof WireError || error instanceof LimitError
            ? `it is no epoch of a fleet (${error.code})`
            : `it cannot be read (${codeOf(error)})`,
      });
    }
  }
  return { files, problems };
}

async function pathsOf(place: string): Promise<string[]> {
  if (!(await stat(place)).isDirectory()) return [place];
  const names = await readdir(place);
  return names
    .filter((name) => name.endsWith(SUFFIX))
    .toSorted()
    .map((name) => join(place, name));
}

async function readFleetFile(path: string): Promise<FleetFile> {
  if ((await stat(path)).size > MAX_FLEET_EPOCH_BYTES) throw new LimitError("file-size", "larger than an epoch may be");
  const bytes = new Uint8Array(await readFile(path));
  const { candidate, record: statement } = decodeFleetEpoch(bytes);
  const { fleet, epoch, keySetDigest, notBefore, notAfter } = decodeFleetRecord(decodeStatement(statement, "fleet-record").payload);
  const { keySet } = decodeFleetCandidate(candidate);
  if (!equalBytes(createHash("sha256").update(keySet).digest(), keySetDigest))
    throw new WireError("schema-range", "the record is of another candidate");
  return { path, bytes, fleet, epoch, keyId: toHex(keySetDigest), notBeforeMs: notBefore * 1000, notAfterMs: notAfter * 1000 };
}

function codeOf(error: unknown): string {
  return escapeText(error instanceof Error && "code" in error ? String(error.code) : "error");
}

const SUFFIX = ".fleet";
const MOST_FILES = 64;
