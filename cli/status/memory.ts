import { verifyStatusList, type PinnedConstitution, type VerifiedStatusList } from "@caladrius/attestation-verifier/governance";
import { signatures } from "@caladrius/attestation-verifier/signatures";
import { ConfigurationError, fromBase64, MAX_STATUS_LIST_BYTES, toBase64, toHex } from "@caladrius/wire";
import { about } from "../exit.ts";
import { readIfThere, writeWhole } from "../files.ts";
import { waitForLock } from "../lock.ts";

/**
 * Keeps, of each constitution, the newest status list that a caller verified, in a file of its own (JSON, 0600). The list
 * itself is kept and not its number alone: what comes next is held against it as an enclave would.
 *
 * @param verify takes the list that is remembered, null for none, and gives the one that verified against it; nothing is
 * written when it throws, nor for a list that is remembered already. Programs that come at once take turns
 * @throws what `verify` throws; FileProblem around ConfigurationError status-memory, StatusError; UnreachableError
 */
export async function remember(
  path: string,
  pinned: PinnedConstitution,
  verify: (before: VerifiedStatusList | null) => Promise<{ file: Uint8Array; list: VerifiedStatusList }>,
): Promise<VerifiedStatusList> {
  const release = await waitForLock(`${path}.lock`);
  try {
    const known = await read(path);
    const name = toHex(pinned.constitutionDigest);
    const entry = known.get(name);
    const before = entry === undefined ? null : await about(path, () => reverify(entry, pinned));
    const { file, list } = await verify(before);
    const { number } = list.list;
    if (before === null || number > before.list.number)
      await writeWhole(path, render(known.set(name, { number, list: toBase64(file) })), { force: true, mode: 0o600 });
    return list;
  } finally {
    release();
  }
}

/** A list as it lies in the file. */
interface Entry {
  /** for people to read; the list says the same */
  readonly number: number;
  /** base64 of its bytes */
  readonly list: string;
}

/** It was in force when it was written: what the clock says now does not matter. */
async function reverify({ number, list }: Entry, pinned: PinnedConstitution): Promise<VerifiedStatusList> {
  const verified = await verifyStatusList(bytesOf(list), { ...pinned, nowMs: Infinity, before: null }, signatures);
  if (verified.list.number !== number) throw wrong(`it says number ${number} of a list of number ${verified.list.number}`);
  return verified;
}

async function read(path: string): Promise<Map<string, Entry>> {
  const bytes = await readIfThere(path, MAX_MEMORY_BYTES);
  return about(path, () => (bytes === null ? new Map<string, Entry>() : parse(Buffer.from(bytes).toString())));
}

function parse(text: string): Map<string, Entry> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw wrong("it is no JSON");
  }
  if (!isObject(json) || json["version"] !== VERSION || !isObject(json["statusLists"])) throw wrong("it is none of version 1");
  return new Map(
    Object.entries(json["statusLists"]).map(([constitution, entry]) => {
      if (!/^[0-9a-f]{96}$/.test(constitution) || !isEntry(entry)) throw wrong("it holds something else than lists");
      return [constitution, entry];
    }),
  );
}

function render(lists: ReadonlyMap<string, Entry>): string {
  return `${JSON.stringify({ version: VERSION, statusLists: Object.fromEntries(lists) }, null, 2)}\n`;
}

function bytesOf(base64: string): Uint8Array {
  try {
    return fromBase64(base64);
  } catch {
    throw wrong("a list is not base64");
  }
}

function isEntry(value: unknown): value is Entry {
  return isObject(value) && typeof value["number"] === "number" && typeof value["list"] === "string";
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** To go on without it would be to forget in silence. */
function wrong(what: string): ConfigurationError {
  return new ConfigurationError("status-memory", `${what}: bring a copy back, or remove it and have older lists taken again`);
}

const VERSION = 1;
/** Room for ten constitutions whose lists are as long as lists may be. */
const MAX_MEMORY_BYTES = 16 * MAX_STATUS_LIST_BYTES;
