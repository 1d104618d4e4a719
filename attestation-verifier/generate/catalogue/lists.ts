import { utcTime } from "../der.ts";
import { listEntry, makeList, namesLists } from "../test-crl.ts";
import { keyOf, makeChain, NOW_MS, OID, subjectOf, type TestChain } from "../test-pki.ts";
import { documentWith, HOUR_MS, rawExtension, replaceExtension, UNKNOWN_EXTENSION } from "./base.ts";
import { ARCHIVED, group, type Input, type Vector } from "./vector.ts";

const DAY_MS = 24 * HOUR_MS;
/** of every authority of the test chain */
const SERIAL = "5a00000000000000000000000000000000";
let listed: TestChain | null = null;
const chain = (): TestChain => (listed ??= makeChain(namesLists));
const given = (...crls: Uint8Array[]): Partial<Input> => ({ bytes: documentWith({}, chain()), crls });
const revoking = (place: "root" | "regional", dateMs = NOW_MS - DAY_MS): Uint8Array =>
  makeList(place, (list) => (list.entries = [listEntry(SERIAL, dateMs, 1)]));

/** Revocation lists that the caller gives, and the second half of rule 45. */
export const LISTS: readonly Vector[] = [
  ...group(
    "reject-45",
    {
      reason: "What an authority has revoked speaks for nothing any more, however long it was to be valid and however it is encoded.",
      source: "RFC 5280 §6.3.3; base/base#1984",
      expect: "chain-revoked",
    },
    [
      ["regional-revoked", "The root revoked the regional certificate yesterday.", () => given(revoking("root"))],
      [
        "zonal-revoked",
        "The regional authority revoked the zonal certificate yesterday.",
        () => given(makeList("root"), revoking("regional")),
      ],
      [
        "revoked-on-old-list",
        "The zonal certificate is revoked on a list whose next update is over.",
        () =>
          given(
            makeList(
              "regional",
              (list) => (
                (list.entries = [listEntry(SERIAL, NOW_MS - 9 * DAY_MS, 1)]),
                (list.thisUpdate = utcTime(NOW_MS - 8 * DAY_MS)),
                (list.nextUpdate = utcTime(NOW_MS - DAY_MS))
              ),
            ),
          ),
      ],
    ],
  ),
  ...group(
    "code",
    {
      reason:
        "A list that the caller gives must be whole, genuine and current: one that cannot be used must not look like one that revokes nothing.",
      source: "RFC 5280 §5, §6.3.3; base/base#1984",
      expect: "crl-form",
    },
    [
      ["list-not-der", "The list is text.", () => given(new Uint8Array(Buffer.from("-----BEGIN X509 CRL-----\n")))],
      ["list-trailing", "A byte follows the list.", () => given(new Uint8Array([...makeList("root"), 0]))],
      [
        "list-critical",
        "The list has a critical extension that nobody knows.",
        () => given(makeList("root", (list) => list.extensions?.push(rawExtension(UNKNOWN_EXTENSION, true, "0500")))),
        { expect: "crl-extension" },
      ],
      [
        "list-other-key",
        "The list was signed with another key in the name of the root.",
        () => given(makeList("root", (list) => (list.signer = keyOf("zonal")))),
        { expect: "crl-signature" },
      ],
      [
        "list-issuer-may-not",
        "The regional authority may not sign revocation lists.",
        () => {
          const own = makeChain(
            (parts) => (namesLists(parts), replaceExtension(parts.regional, OID.keyUsage, rawExtension(OID.keyUsage, true, "03020204"))),
          );
          return { bytes: documentWith({}, own), crls: [makeList("regional")] };
        },
        { expect: "crl-issuer" },
      ],
      [
        "list-stale",
        "The next update of the list is over, and no later one was given.",
        () =>
          given(
            makeList("root", (list) => ((list.thisUpdate = utcTime(NOW_MS - 8 * DAY_MS)), (list.nextUpdate = utcTime(NOW_MS - DAY_MS)))),
          ),
        { expect: "crl-stale" },
      ],
      [
        "lists-good",
        "Current lists of root and regional authority revoke nothing.",
        () => given(makeList("root"), makeList("regional")),
        { expect: ARCHIVED },
      ],
      [
        "lists-of-others",
        "A list revokes the same serial number for another authority.",
        () =>
          given(
            makeList(
              "root",
              (list) => (
                (list.issuer = subjectOf("root", "other.nitro-enclaves")),
                (list.entries = [listEntry(SERIAL, NOW_MS - DAY_MS, 1)])
              ),
            ),
          ),
        { expect: ARCHIVED },
      ],
    ],
  ),
];
