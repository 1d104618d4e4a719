import { createHash, createPublicKey, type KeyObject } from "node:crypto";
import {
  decodeApproved,
  decodeGrant,
  decodeRelease,
  decodeStatement,
  equalBytes,
  type ReleaseStatus,
  type Revocation,
  type StatusList,
} from "@caladrius/wire";
import type { Arguments } from "../arguments.ts";
import { about, UsageError } from "../exit.ts";
import { readIfThere } from "../files.ts";

/** Something that a status list can name, and how a person named it. */
export interface Thing extends Pick<Revocation, "what" | "id"> {
  readonly named: string;
  /** of a release: the PCR0 of its images, where a file told them */
  readonly images: readonly Uint8Array[] | null;
}

/** What --signer, --grant, --device and --release name: hex, or a file that shows it. @throws UsageError for none at all */
export async function readThings(args: Arguments): Promise<Thing[]> {
  const things = [
    ...args.many("signer").map((named) => readKey("signer", named)),
    ...args.many("device").map((named) => readKey("device", named)),
    ...args.many("grant").map(readGrant),
    ...args.many("release").map(readRelease),
  ];
  return Promise.all(things);
}

/** A release by its file, or by its digest where the last list names its images. */
export async function readRelease(named: string): Promise<Thing> {
  if (isHex(named, 48)) return { what: "release", id: fromHexText(named), named, images: null };
  const bytes = await readNamed("--release", named, "a release's file, or the 96 hex digits of its digest");
  return about(named, () => {
    const { statement } = decodeApproved(bytes);
    const { pcrs } = decodeRelease(decodeStatement(statement, "release").payload);
    return { what: "release", id: sha("sha384", statement), named, images: pcrs.map(({ pcr0 }) => pcr0) };
  });
}

/** A release's entry in the next list: its images from its file, else from the last list. @throws UsageError when neither tells them */
export function releaseEntry({ id, named, images }: Thing, last: StatusList, lifecycle: ReleaseStatus["lifecycle"]): ReleaseStatus {
  const known = last.releases.find(({ digest }) => equalBytes(digest, id));
  const all = [...(known?.images ?? []), ...(images ?? [])];
  const distinct = all.filter((one, i) => all.findIndex((other) => equalBytes(one, other)) === i);
  if (distinct.length === 0)
    throw new UsageError(
      `nothing tells the images of release ${named}`,
      "give its file: an enclave knows itself by PCR0, not by the digest",
    );
  return { digest: id, images: distinct, lifecycle };
}

async function readKey(option: "signer" | "device", named: string): Promise<Thing> {
  const what = option === "signer" ? "key" : option;
  if (isHex(named, 32)) return { what, id: fromHexText(named), named, images: null };
  const pem = new TextDecoder().decode(
    await readNamed(`--${option}`, named, "a file with the key in PEM, or the 64 hex digits of its SHA-256"),
  );
  return about(named, () => ({ what, id: sha("sha256", rawKey(pem)), named, images: null }));
}

/** A grant by its id, or by its file: the statement. */
async function readGrant(named: string): Promise<Thing> {
  if (isHex(named, 16)) return { what: "grant", id: fromHexText(named), named, images: null };
  const bytes = await readNamed("--grant", named, "a grant's file, or the 32 hex digits of its id");
  return about(named, () => ({ what: "grant", id: decodeGrant(decodeStatement(bytes, "grant").payload).id, named, images: null }));
}

/** What is not hex of the right length names a file. @throws UsageError where there is none: hex may have been meant */
async function readNamed(option: string, named: string, expected: string): Promise<Uint8Array> {
  const bytes = await readIfThere(named, MAX_FILE_BYTES);
  if (bytes !== null) return bytes;
  const digits = /^[0-9a-f]+$/i.test(named) ? `, ${named.length} hex digits${/[A-F]/.test(named) ? ", some in upper case" : ""}` : "";
  throw new UsageError(`${option}: expected ${expected}, found ${JSON.stringify(named)}${digits} and no file of this name`);
}

function rawKey(pem: string): Uint8Array {
  let key: KeyObject;
  try {
    key = createPublicKey(pem);
  } catch {
    throw new UsageError(
      "no key in PEM, and not 64 digits of hex",
      "name a key by the SHA-256 of its raw public key, or by a file that holds it",
    );
  }
  const spki = key.export({ format: "der", type: "spki" });
  if (key.asymmetricKeyType === "ed25519") return spki.subarray(-32);
  if (key.asymmetricKeyType === "ec" && key.asymmetricKeyDetails?.namedCurve === "prime256v1") return spki.subarray(-65);
  throw new UsageError("a key of neither Ed25519 nor P-256");
}

function isHex(text: string, bytes: number): boolean {
  return text.length === 2 * bytes && /^[0-9a-f]+$/.test(text);
}

function fromHexText(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, "hex"));
}

function sha(name: "sha256" | "sha384", bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash(name).update(bytes).digest());
}

const MAX_FILE_BYTES = 512 * 1024;
