import type { Approver, Constitution } from "@caladrius/wire";
import { fileOf, sealingKeyOf, signingKeyOf, textsOf, thresholdsOf, type Sources } from "../authoring/keys.ts";
import {
  entriesOf,
  integerOf,
  itemsOf,
  membersOf,
  nullableOf,
  readDescription,
  secondsOf,
  textOf,
  wrong,
  type Place,
} from "../authoring/place.ts";
import { AuthoringError } from "../authoring/errors.ts";

/** Where a constitution stands in the line of its predecessors. */
export type Line = Pick<Constitution, "number" | "predecessor">;

/** The first of its line. */
export const FIRST: Line = { number: 1, predecessor: null };

/**
 * Reads what `constitution new --example` shows.
 * @throws AuthoringError description-json, description-form, description-file, each with the path in the file
 */
export function readConstitutionDescription(text: string, sources: Sources, { number, predecessor }: Line = FIRST): Constitution {
  const { name, notBefore, notAfter, approvers, quorums, statusKeys, auditorKeys, kms, log } = membersOf(
    readDescription(text),
    ["name", "notBefore", "notAfter", "approvers", "quorums", "statusKeys"],
    ["auditorKeys", "kms", "log"],
  );
  const q = membersOf(quorums, ["bundle", "release", "fleet", "succession", "status"]);
  return {
    version: 1,
    number,
    predecessor,
    name: textOf(name, 128),
    notBefore: secondsOf(notBefore),
    notAfter: secondsOf(notAfter),
    approvers: itemsOf(approvers).map((one) => approverOf(one, sources)),
    quorums: {
      bundle: quorumOf(q.bundle),
      release: quorumOf(q.release),
      fleet: quorumOf(q.fleet),
      succession: quorumOf(q.succession),
      status: quorumOf(q.status),
    },
    statusKeys: itemsOf(statusKeys).map((one) => signingKeyOf(one, sources)),
    auditorKeys: nullableOf(auditorKeys, (place) => itemsOf(place).map(sealingKeyOf)) ?? [],
    kms: nullableOf(kms, (place) => kmsOf(place, sources)),
    log: nullableOf(log, (place) => logOf(place, sources)),
  };
}

function approverOf(place: Place, sources: Sources): Approver {
  const { person, role, key, passkey } = membersOf(place, ["person", "role", "key"], ["passkey"]);
  return {
    person: textOf(person, 128),
    role: textOf(role, 128),
    key: signingKeyOf(key, sources),
    passkey: nullableOf(passkey, (one) => {
      const { rpId, origins } = membersOf(one, ["rpId", "origins"]);
      return { rpId: textOf(rpId, 253), origins: textsOf(origins, 280) };
    }),
  };
}

/** Without a role in it anything would be approved, or nothing. */
function quorumOf(place: Place): Constitution["quorums"]["bundle"] {
  const thresholds = thresholdsOf(place, entriesOf(place));
  return thresholds.length > 0 ? thresholds : wrong(place.path, 'at least one role, such as {"hospital": 2}');
}

function kmsOf(place: Place, sources: Sources): NonNullable<Constitution["kms"]> {
  const { keys, endpoint, tlsRoots } = membersOf(place, ["keys", "endpoint", "tlsRoots"]);
  return {
    keys: textsOf(keys, 256),
    endpoint: textOf(endpoint, 256),
    tlsRoots: itemsOf(tlsRoots).flatMap((one) => {
      const certificates = sources.certificates(fileOf(one, sources));
      if (certificates.length === 0) throw new AuthoringError("description-file", `${one.path}: no certificates in PEM`);
      return certificates;
    }),
  };
}

function logOf(place: Place, sources: Sources): NonNullable<Constitution["log"]> {
  const { origin, key, witnesses, witnessThreshold } = membersOf(place, ["origin", "key", "witnesses", "witnessThreshold"]);
  const read = itemsOf(witnesses).map((one) => signingKeyOf(one, sources));
  return {
    origin: textOf(origin, 256),
    key: signingKeyOf(key, sources),
    witnesses: read,
    witnessThreshold: integerOf(witnessThreshold, 0, read.length),
  };
}
