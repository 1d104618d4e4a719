import { fromHex, STATEMENT_ALGORITHM, SUITES, type SealingPublicKey, type SigningPublicKey, type SuiteId } from "@caladrius/wire";
import { AuthoringError } from "./errors.ts";
import { integerOf, itemsOf, membersOf, textOf, wordOf, wrong, type Place } from "./place.ts";
import type { RoleThreshold, StatementAlgorithm } from "@caladrius/wire";

/** How files that a description names are read; paths are relative to the description. */
export interface Sources {
  /** @throws any error where there is none */
  file(path: string): Uint8Array;
  /** the key of a file in PEM that holds a public key of Ed25519 or P-256, else why it is none */
  publicKey(pem: Uint8Array): SigningPublicKey | string;
  /** whether these are a key of its algorithm */
  isKey(key: SigningPublicKey): boolean;
  /** the certificates of a PEM file in DER, none where it holds anything else */
  certificates(pem: Uint8Array): Uint8Array[];
}

/** A file that a description names. @throws AuthoringError description-file */
export function fileOf(place: Place, { file }: Sources): Uint8Array {
  const path = textOf(place, 4096);
  try {
    return file(path);
  } catch (error) {
    throw new AuthoringError(
      "description-file",
      `${place.path}: ${path} cannot be read (${error instanceof Error ? error.message : "unknown"})`,
    );
  }
}

/** A public key: the path of a PEM file, or `{"alg": …, "key": hex}` as `approver new` and `show --json` print it. */
export function signingKeyOf(place: Place, sources: Sources): SigningPublicKey {
  if (typeof place.value === "string") {
    const key = sources.publicKey(fileOf(place, sources));
    if (typeof key === "string") throw new AuthoringError("description-file", `${place.path}: ${place.value}: ${key}`);
    return key;
  }
  const { alg, key } = membersOf(place, ["alg", "key"]);
  const read = { alg: wordOf(alg, Object.keys(STATEMENT_ALGORITHM) as StatementAlgorithm[]), key: hexOf(key) };
  if (!sources.isKey(read)) wrong(key.path, `a public key of ${read.alg} in hex`);
  return read;
}

/** A key that is sealed to: `{"suite": …, "publicKey": hex}`. */
export function sealingKeyOf(place: Place): SealingPublicKey {
  const { suite: name, publicKey: hex } = membersOf(place, ["suite", "publicKey"]);
  const suite = wordOf(name, Object.keys(SUITES) as SuiteId[]);
  const publicKey = hexOf(hex);
  const { publicKeyBytes } = SUITES[suite];
  if (publicKey.length !== publicKeyBytes) wrong(hex.path, `${publicKeyBytes} bytes in hex`);
  return { suite, publicKey };
}

/** How many persons of which role: `{"ROLE": number, …}`. */
export function thresholdsOf(place: Place, entries: readonly (readonly [string, Place])[]): RoleThreshold[] {
  if (entries.length > MOST_ROLES) wrong(place.path, `at most ${MOST_ROLES} roles`);
  return entries.map(([role, threshold]) => {
    if (role.length === 0 || role.length > 128) wrong(threshold.path, "a role of 1 to 128 characters");
    return { role, threshold: integerOf(threshold, 1, 32) };
  });
}

/** A list of texts, each once. */
export function textsOf(place: Place, most: number): string[] {
  const texts = itemsOf(place).map((one) => textOf(one, most));
  const twice = texts.findIndex((text, i) => texts.indexOf(text) !== i);
  if (twice >= 0) wrong(`${place.path}[${twice}]`, "each of them once");
  return texts;
}

function hexOf(place: Place): Uint8Array {
  const text = textOf(place, 4096);
  return /^([0-9a-f]{2})+$/.test(text) ? fromHex(text) : wrong(place.path, "bytes in lower-case hex");
}

const MOST_ROLES = 16;
