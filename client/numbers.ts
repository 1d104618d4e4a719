import { randomBytes } from "node:crypto";
import { link, mkdir, open, readdir, readFile, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** A number that nobody else was given, and what was kept with it. */
export interface Numbered {
  readonly number: number;
  readonly content: Uint8Array;
}

/**
 * Takes the next number of a folder and keeps something under it, for good: of several programs that ask at once each gets
 * another one, and none is given twice after a crash. One file a number, linked into place; the newest are kept.
 *
 * @param first given where the folder holds none
 * @param make what to keep, told the number and the one before; null takes no number
 * @throws errors of the system
 */
export function takeNumber<T extends Uint8Array | null>(
  folder: string,
  first: number,
  make: (number: number, newest: Numbered | null) => T,
): Promise<T extends null ? null : Numbered>;
export async function takeNumber(
  folder: string,
  first: number,
  make: (number: number, newest: Numbered | null) => Uint8Array | null,
): Promise<Numbered | null> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  for (;;) {
    const newest = await newestNumber(folder);
    const number = newest === null ? first : newest.number + 1;
    const content = make(number, newest);
    if (content === null) return null;
    if (!(await place(folder, number, content))) continue; // somebody else was faster
    const taken = await numbersOf(folder);
    // Its file may have been removed as one of the oldest before it was written here: then it was given to somebody already.
    if (taken.filter((other) => other > number).length >= KEPT) continue;
    for (const old of taken.slice(0, -KEPT)) await unlink(join(folder, `${old}`)).catch(() => undefined);
    return { number, content };
  }
}

/** What is kept, oldest first. @throws errors of the system */
export async function readNumbers(folder: string): Promise<Numbered[]> {
  const kept: Numbered[] = [];
  for (const number of await numbersOf(folder)) {
    const content = await readFile(join(folder, `${number}`)).catch(() => null); // removed meanwhile
    if (content !== null) kept.push({ number, content: new Uint8Array(content) });
  }
  return kept;
}

async function newestNumber(folder: string): Promise<Numbered | null> {
  const number = (await numbersOf(folder)).at(-1);
  return number === undefined ? null : { number, content: new Uint8Array(await readFile(join(folder, `${number}`))) };
}

async function numbersOf(folder: string): Promise<number[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    if (codeOf(error) === "ENOENT") return [];
    throw error;
  });
  return names
    .filter((name) => /^(0|[1-9]\d{0,14})$/.test(name))
    .map(Number)
    .toSorted((a, b) => a - b);
}

/** False when the number is taken. What was written is on the disk before the number counts. */
async function place(folder: string, number: number, content: Uint8Array): Promise<boolean> {
  const draft = join(folder, `.${randomBytes(8).toString("hex")}.new`);
  await writeFile(draft, content, { mode: 0o600, flag: "wx", flush: true });
  try {
    await link(draft, join(folder, `${number}`));
    await syncFolder(folder);
    return true;
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw error;
    return false;
  } finally {
    await unlink(draft);
  }
}

async function syncFolder(folder: string): Promise<void> {
  if (process.platform === "win32") return; // folders cannot be opened there
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "unknown";
}

/** More than programs that ask at one time. */
const KEPT = 256;
