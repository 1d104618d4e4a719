import type { SignatureBackend } from "@caladrius/attestation-verifier";
import {
  describeCertificateList,
  pinConstitution,
  requireCurrent,
  STATUS_CODE,
  StatusError,
  verifyStatusList,
  type GovernedTrust,
  type PinnedConstitution,
  type StatusCode,
  type VerifiedStatusList,
} from "@caladrius/attestation-verifier/governance";
import { escapeText, type Revocation } from "@caladrius/wire";
import { count, formatTime } from "./format.ts";
import type { ReadFile } from "./inputs.ts";

/** A file that says what no longer counts, or the constitution that says who may say so. */
export type ListFile = ReadFile<"status list" | "constitution" | "revocation list">;

/** What was given: one status list, one constitution, any number of revocation lists. */
export interface Lists {
  readonly statusList: ListFile | null;
  readonly constitution: ListFile | null;
  readonly crls: readonly ListFile[];
}

export const NO_LISTS: Lists = { statusList: null, constitution: null, crls: [] };

/** One of these files as the page shows it: what it says, or why it cannot be used. Every text is escaped. */
export interface ShownList {
  readonly file: ListFile;
  readonly name: string;
  /** "status list", or "revocation list 2" as refusals call it */
  readonly title: string;
  readonly said: readonly string[];
  /** number and times, for the record */
  readonly brief: string;
  readonly problem: ListProblem | null;
}

/** Why a file cannot be used, and what to do about it. */
export interface ListProblem {
  readonly code: string | null;
  readonly sentence: string;
  readonly expected: string | null;
  readonly found: string | null;
  readonly advice: string;
}

/** What files are judged by, beside the trust file. */
export interface Standing {
  readonly statusList: VerifiedStatusList | null;
  readonly crls: readonly Uint8Array[];
  readonly shown: readonly ShownList[];
  /** false while any of them has a problem: then nothing is judged, so that nobody takes a bad list for a check */
  readonly usable: boolean;
}

/** Adds files: a status list or a constitution takes the place of the one before, a revocation list stands beside others. */
export function addLists(before: Lists, files: readonly ListFile[]): Lists {
  let { statusList, constitution, crls } = before;
  for (const file of files) {
    if (file.kind === "status list") statusList = file;
    else if (file.kind === "constitution") constitution = file;
    else if (!crls.some(({ sha256 }) => sha256 === file.sha256)) crls = [...crls, file];
  }
  return { statusList, constitution, crls };
}

/** Takes one file out again. */
export function removeList({ statusList, constitution, crls }: Lists, file: ListFile): Lists {
  return {
    statusList: statusList === file ? null : statusList,
    constitution: constitution === file ? null : constitution,
    crls: crls.filter((one) => one !== file),
  };
}

/**
 * Verifies what can be verified before any file is judged: the constitution under the trust file, the status list under the
 * constitution, and that revocation lists are such. Whether those are genuine shows with the certificates of each file.
 * @param atMs Unix ms at which a status list must be in force
 */
export async function prepareLists(
  { statusList, constitution, crls }: Lists,
  trust: GovernedTrust | null,
  atMs: number,
  signatures: SignatureBackend,
): Promise<Standing> {
  const shown: ShownList[] = [];
  const add = async (file: ListFile, title: string, read: () => readonly string[] | Promise<readonly string[]>): Promise<void> => {
    const head = { file, name: escapeText(file.name), title };
    try {
      const said = (await read()).map(escapeText);
      shown.push({ ...head, said, brief: said[0] ?? "", problem: null });
    } catch (error) {
      shown.push({ ...head, said: [], brief: "", problem: problemOf(error) });
    }
  };
  let pinned = trust?.constitution ?? null;
  let verified: VerifiedStatusList | null = null;
  if (statusList !== null)
    await add(statusList, "status list", async () => {
      if (trust === null) return [NEEDS_TRUST];
      try {
        pinned = pinConstitution(trust, constitution?.bytes ?? null);
      } catch {
        return ["Not verified: the constitution cannot be used."]; // which says why, beside it
      }
      if (pinned === null) throw new MissingConstitution();
      const list = await verifyStatusList(statusList.bytes, { ...pinned, nowMs: atMs, before: null }, signatures);
      requireCurrent(list, atMs);
      verified = list;
      return statusListLines(list, pinned);
    });
  if (constitution !== null)
    await add(constitution, "constitution", () => {
      const found = trust === null ? null : pinConstitution(trust, constitution.bytes);
      if (found === null) return [NEEDS_TRUST];
      const { name, number } = found.constitution;
      return [`${name}, number ${number}`, "the one that your trust file pins by PCR16", ...(statusList === null ? [NEEDS_LIST] : [])];
    });
  for (const [index, file] of crls.entries())
    await add(file, `revocation list ${index + 1}`, () => {
      const { issuer, thisUpdateMs, nextUpdateMs } = describeCertificateList(file.bytes, file.name);
      const by = issuer ?? "an authority without a name";
      return [
        `of ${by}, ${formatTime(thisUpdateMs)} to ${formatTime(nextUpdateMs)}`,
        "its signature is verified with each file that it is for",
      ];
    });
  return { statusList: verified, crls: crls.map(({ bytes }) => bytes), shown, usable: shown.every(({ problem }) => problem === null) };
}

/** A status list given without anything that says whose keys sign such lists. */
class MissingConstitution extends Error {}

function statusListLines({ list }: VerifiedStatusList, { constitution }: PinnedConstitution): readonly string[] {
  const { number, issuedAt, expiresAt, revocations, lowestPolicyVersion } = list;
  const kinds = REVOCABLE.map((what): string => {
    const named = revocations.filter((one) => one.what === what).length;
    return named === 0 ? "" : count(named, what);
  }).filter((text) => text !== "");
  return [
    `number ${number}, in force from ${formatTime(issuedAt * 1000)} to ${formatTime(expiresAt * 1000)}`,
    `signed by a status key of the constitution ${constitution.name}`,
    `revokes ${kinds.join(", ") || "nothing"}${lowestPolicyVersion === 0 ? "" : `; lowest policy version ${lowestPolicyVersion}`}`,
  ];
}

function problemOf(error: unknown): NonNullable<ShownList["problem"]> {
  if (error instanceof MissingConstitution)
    return {
      code: null,
      sentence: "It must be signed by a key that the constitution names, and your trust file does not hold the constitution.",
      expected: null,
      found: null,
      advice: "Choose the constitution's file here too: it must be the one whose PCR16 is in your trust file.",
    };
  if (error instanceof StatusError) {
    const { code, expected, actual } = error;
    const sentence = `${capital(STATUS_CODE[code].meaning)}.`;
    return {
      code,
      sentence,
      expected: escaped(expected),
      found: escaped(actual),
      advice: ADVICE[code] ?? "Ask whoever issues it for another.",
    };
  }
  const { message, code } = error as Error & { code?: string };
  const sentence = message.replace(/ \([a-z ]+ must act\)$/, "");
  return {
    code: code ?? null,
    sentence: `It is damaged, or of another form than is read here: ${escapeText(sentence)}.`,
    expected: null,
    found: null,
    advice: "Get it again, as it was published; revocation lists in DER.",
  };
}

function escaped(text: string | null): string | null {
  return text === null ? null : escapeText(text);
}

function capital(sentence: string): string {
  return `${sentence.slice(0, 1).toUpperCase()}${sentence.slice(1)}`;
}

/** What to do about refusals that a person can mend. */
const ADVICE: Readonly<Partial<Record<StatusCode, string>>> = {
  "constitution-pcr16": "Choose the constitution that your trust file is for, or ask whoever gave you the trust file for it.",
  "status-list-constitution": "Ask for the list of the deployment that your trust file is for.",
  "status-list-expired":
    "A status list is good for a day at most. Get the newest one; or, where you kept this one with a result, say under “What you expect” as of which time to judge.",
  "status-list-window": "Ask whoever issues it for another, and look whether this computer's clock is right.",
};
const REVOCABLE: readonly Revocation["what"][] = ["release", "key", "grant", "device"];
const NEEDS_TRUST = "Not verified yet: it is held against your trust file.";
const NEEDS_LIST = "Only a status list needs it, and there is none yet.";
