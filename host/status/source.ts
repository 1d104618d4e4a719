import { open, stat } from "node:fs/promises";
import { ConfigurationError, MAX_STATUS_LIST_BYTES } from "@caladrius/wire";
import { escapeText } from "../text.ts";

/** Where newer status lists come from. */
export interface StatusListSource {
  /** as the log names it */
  name: string;
  /** how often it is looked at, and how seldom at least while it fails */
  everyMs: number;
  mostMs: number;
  /** null: nothing that was not read before. @throws SourceProblem */
  read(): Promise<Uint8Array | null>;
}

/** Why a source gave nothing, as a sentence for the log. */
export class SourceProblem extends Error {
  override readonly name = "SourceProblem";
}

/** A file that whoever issues status lists replaces; a change is seen within a fifth of a second. */
export function statusListFile(path: string): StatusListSource {
  const name = `the status list ${escapeText(path)}`;
  let seen = "";
  return {
    name,
    everyMs: FILE_EVERY_MS,
    mostMs: FILE_EVERY_MS, // a look costs nothing
    async read() {
      try {
        const { size, mtimeNs, ino } = await stat(path, { bigint: true });
        const now = `${size} ${mtimeNs} ${ino}`;
        if (now === seen) return null;
        const bytes = await readBounded(path, name);
        seen = now;
        return bytes;
      } catch (error) {
        if (error instanceof SourceProblem) throw error;
        throw new SourceProblem(`${name} cannot be read (${codeOf(error)})`);
      }
    },
  };
}

/**
 * An address that gives the newest list, such as `/v1/status-list` of another host. Nobody has to trust it: lists are signed,
 * and what it withholds is withheld until the last list ends.
 * @throws ConfigurationError status-list-url
 */
export function statusListUrl(text: string): StatusListSource {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !["http:", "https:"].includes(url.protocol) || url.username !== "" || url.password !== "")
    throw new ConfigurationError("status-list-url", "the address of a status list begins with https:// or http:// and holds no password");
  const name = `the status list at ${escapeText(url.origin)}`; // a path or a query may hold what is nobody's business
  let etag: string | null = null;
  return {
    name,
    everyMs: URL_EVERY_MS,
    mostMs: URL_MOST_MS,
    async read() {
      try {
        const headers = { accept: `${STATUS_LIST_TYPE}, application/cbor`, ...(etag === null ? {} : { "if-none-match": etag }) };
        const answer = await fetch(url, { redirect: "error", headers, signal: AbortSignal.timeout(FETCH_MS) });
        if (answer.status !== 200) await answer.body?.cancel();
        if (answer.status === 304) return null;
        if (answer.status !== 200) throw new SourceProblem(`${name} answers ${answer.status}`);
        const bytes = await bounded(answer.body, name);
        etag = answer.headers.get("etag");
        return bytes;
      } catch (error) {
        if (error instanceof SourceProblem) throw error;
        throw new SourceProblem(`${name} cannot be fetched (${codeOf(error)})`);
      }
    },
  };
}

async function readBounded(path: string, name: string): Promise<Uint8Array> {
  const file = await open(path, "r");
  try {
    const buffer = new Uint8Array(MAX_STATUS_LIST_BYTES + 1);
    let length = 0;
    for (let read = -1; read !== 0 && length < buffer.length; length += read)
      ({ bytesRead: read } = await file.read(buffer, length, buffer.length - length));
    if (length > MAX_STATUS_LIST_BYTES) throw new SourceProblem(`${name} is larger than ${MAX_STATUS_LIST_BYTES} bytes`);
    return buffer.slice(0, length);
  } finally {
    await file.close();
  }
}

async function bounded(body: Response["body"], name: string): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of body ?? []) {
    length += part.length;
    if (length > MAX_STATUS_LIST_BYTES) throw new SourceProblem(`${name} is larger than ${MAX_STATUS_LIST_BYTES} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts);
}

function codeOf(error: unknown): string {
  const inner = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (!(inner instanceof Error)) return "error";
  return escapeText("code" in inner && typeof inner.code === "string" ? inner.code : inner.name);
}

/** Media type of a status list with its approvals. */
export const STATUS_LIST_TYPE = "application/vnd.caladrius.status-list+cbor";
const FILE_EVERY_MS = 200;
const URL_EVERY_MS = 2_000;
const URL_MOST_MS = 60_000;
const FETCH_MS = 10_000;
