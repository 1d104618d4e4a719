import { utf8Encode, toHex } from "@caladrius/wire";
import { positive, utcTime } from "../der.ts";
import { leafSerial, NOW_MS } from "../test-pki.ts";
import { documentUnder, documentWith, HOUR_MS, trustFile } from "./base.ts";
import { ARCHIVED, group, type Input, type Vector } from "./vector.ts";

const NONCE = new Uint8Array(32).fill(7);
/** A document in live mode, one second old and with an hour allowed, unless told otherwise. */
const live = (bytes: Uint8Array, change: Partial<Input> = {}): Partial<Input> => ({ bytes, mode: "live", maxAgeSeconds: 3600, ...change });
const asked = (nonce: Uint8Array | null, change: Partial<Input> = {}): Partial<Input> =>
  live(documentWith({ nonce }), { nonce: NONCE, maxAgeSeconds: null, ...change });

/** Rules 34, 35 and 45, and what is accepted: time and nonce. */
export const FRESHNESS: readonly Vector[] = [
  ...group(
    "reject-34",
    {
      reason:
        "A certificate signs documents while it is valid. A document from outside that time was made with a stolen or a wrong clock's key.",
      source: "AWS attestation_process.md §2.2, §3.2.3.1",
      expect: "timestamp-window",
    },
    [
      [
        "timestamp-before-leaf",
        "The document is one millisecond older than its certificate.",
        () => documentWith({ timestamp: NOW_MS - HOUR_MS - 1 }),
      ],
      [
        "timestamp-after-leaf",
        "The document is one millisecond younger than its certificate allows.",
        () => ({ bytes: documentWith({ timestamp: NOW_MS + 2 * HOUR_MS + 1 }), timeMs: NOW_MS + 2 * HOUR_MS }),
      ],
      [
        "timestamp-in-seconds",
        "The document's time is in seconds, so it lies in January 1970.",
        () => documentWith({ timestamp: NOW_MS / 1000 }),
      ],
      [
        "timestamp-future-live",
        "In live mode the document is 61 seconds ahead, one second more than clocks may differ.",
        () => live(documentWith(), { timeMs: NOW_MS - 61_000 }),
        { expect: "timestamp-future", source: "RFC 9334 §10.1" },
      ],
      [
        "timestamp-future-archived",
        "In archived mode the document is an hour younger than the given time.",
        () => ({ bytes: documentWith(), timeMs: NOW_MS - HOUR_MS }),
        { expect: "timestamp-future" },
      ],
    ],
  ),
  ...group(
    "reject-35",
    {
      reason: "A document is good for hours after it was made. Whoever asks now must see that it was made now.",
      source: "AWS attestation_process.md §2.2.2; aptos-labs/aptos-core#20103; chainlink-common#2170",
      expect: "timestamp-age",
    },
    [
      [
        "live-too-old",
        "The document is 601 seconds old, 600 are allowed, and its certificate is still valid.",
        () => live(documentWith(), { timeMs: NOW_MS + 601_000, maxAgeSeconds: 600 }),
      ],
      [
        "live-too-old-by-trust-file",
        "The document is 601 seconds old, and the trust file allows 600.",
        () => live(documentWith(), { timeMs: NOW_MS + 601_000, maxAgeSeconds: null, trust: trustFile({ maxAgeSeconds: 600 }) }),
      ],
      [
        "live-too-old-with-nonce",
        "The document has the right nonce and is 601 seconds old, and 600 are allowed.",
        () => asked(NONCE, { timeMs: NOW_MS + 601_000, maxAgeSeconds: 600 }),
      ],
      [
        "live-nothing-asked",
        "Live mode is asked for with neither nonce nor maximum age.",
        () => live(documentWith(), { maxAgeSeconds: null }),
        { expect: "freshness-required" },
      ],
    ],
  ),
  ...group(
    "reject-35",
    {
      reason: "The nonce shows that the document answers this question. It must be there, and be all of it.",
      source: "AWS attestation_process.md §2.2.2; RFC 9334 §10.2",
      expect: "nonce-mismatch",
    },
    [
      ["nonce-none", "A nonce was asked for, and the document has none.", () => asked(null), { expect: "nonce-missing" }],
      ["nonce-empty", "A nonce was asked for, and the document's is empty.", () => asked(new Uint8Array(0)), { expect: "nonce-missing" }],
      ["nonce-other", "The document has another nonce.", () => asked(NONCE.with(31, 8))],
      ["nonce-prefix", "The document's nonce is the beginning of the one asked for.", () => asked(NONCE.slice(0, 16))],
      ["nonce-longer", "The document's nonce begins with the one asked for.", () => asked(new Uint8Array(33).fill(7))],
      ["nonce-hex", "The document's nonce is the one asked for, as hex text.", () => asked(utf8Encode(toHex(NONCE)))],
      [
        "nonce-as-user-data",
        "The nonce stands in user_data.",
        () => live(documentWith({ user_data: NONCE }), { nonce: NONCE }),
        { expect: "nonce-missing" },
      ],
      [
        "nonce-other-archived",
        "In archived mode the document has another nonce than the one given.",
        () => ({ bytes: documentWith({ nonce: NONCE.with(0, 0) }), nonce: NONCE }),
      ],
    ],
  ),
  ...group(
    "reject-45",
    {
      reason: "An ancestor's validity counts at the time of use. A chain that was valid when it was kept may have ended since.",
      source: "RFC 5280 §6.1.3 (a)(2); base/base#1972",
      expect: "chain-expired",
    },
    [
      [
        "instance-expired-since",
        "The instance certificate has expired between the document and now; the document's certificate has not.",
        () =>
          live(
            documentUnder((p) => (p.instance.notAfter = utcTime(NOW_MS + 30_000))),
            { timeMs: NOW_MS + 31_000 },
          ),
      ],
      [
        "zonal-expired-since",
        "The zonal certificate has expired between the document and the given time.",
        () => ({ bytes: documentUnder((p) => (p.zonal.notAfter = utcTime(NOW_MS + HOUR_MS))), timeMs: NOW_MS + HOUR_MS + 1000 }),
      ],
      [
        "regional-expired-since",
        "The regional certificate has expired between the document and now; the document's certificate has not.",
        () =>
          live(
            documentUnder((p) => (p.regional.notAfter = utcTime(NOW_MS + 30_000))),
            { timeMs: NOW_MS + 31_000 },
          ),
      ],
    ],
  ),
  ...group(
    "accept-12",
    {
      reason:
        "Documents are kept for years, their certificates are valid for hours: an archived one is judged at a time of its own, and only in the mode made for that.",
      source: "MystenLabs/hashi#832; AWS attestation_process.md §3.2.3.1",
      expect: ARCHIVED,
    },
    [
      ["archived-own-time", "An archived document is judged at the time that it states.", () => ({ bytes: documentWith(), timeMs: null })],
      [
        "archived-given-time",
        "An archived document is judged at a given time, an hour after it was made.",
        () => ({ bytes: documentWith(), timeMs: NOW_MS + HOUR_MS }),
      ],
      [
        "archived-old-certificates",
        "An archived document of 2021 is judged at the time that it states.",
        () => ({ bytes: documentOf2021(), timeMs: null }),
      ],
      [
        "archived-clock-ahead",
        "An archived document is 59 seconds younger than the given time, as far as clocks may differ.",
        () => ({ bytes: documentWith(), timeMs: NOW_MS - 59_000 }),
      ],
    ],
  ),
  ...group(
    "code",
    {
      reason: "Nothing is missing: the document answers now, and each check of live mode passed.",
      source: "RFC 9334 §10",
      expect: ["verified"],
    },
    [
      ["live-nonce", "In live mode the document has the nonce that was asked for.", () => asked(NONCE)],
      ["live-age", "In live mode the document is young enough.", () => live(documentWith(), { maxAgeSeconds: 1 })],
      [
        "live-clock-ahead",
        "In live mode the document's clock is 60 seconds ahead, as far as clocks may differ.",
        () => live(documentWith(), { timeMs: NOW_MS - 60_000 }),
      ],
    ],
  ),
];

/** A document of 1 April 2021, all of whose certificates have long expired but the root. */
function documentOf2021(): Uint8Array {
  const thenMs = Date.UTC(2021, 3, 1, 12);
  return documentUnder(
    (parts) => {
      for (const place of ["regional", "zonal", "instance"] as const) {
        parts[place].notBefore = utcTime(thenMs - 2 * HOUR_MS);
        parts[place].notAfter = utcTime(thenMs + 22 * HOUR_MS);
      }
      parts.leaf.serial = positive(leafSerial(thenMs - HOUR_MS));
      parts.leaf.notBefore = utcTime(thenMs - HOUR_MS);
      parts.leaf.notAfter = utcTime(thenMs + 2 * HOUR_MS);
    },
    { timestamp: thenMs },
  );
}
