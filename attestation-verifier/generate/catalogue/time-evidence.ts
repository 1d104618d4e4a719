import { concat, der, hex } from "../der.ts";
import { NOW_MS } from "../test-pki.ts";
import { sha256 } from "../test-result.ts";
import { makeTimeStamp, timeAuthorityPem, timeCertificate, timeKey, type TimeKey, type TimeStampOptions } from "../test-time-stamp.ts";
import { attestedBytes, fileWith, goodFile, resultTrust } from "./attested.ts";
import { HOUR_MS } from "./base.ts";
import { group, type Input, type Vector } from "./vector.ts";

/** A result with a time stamp made half a minute behind it, under a trust file that names the authority. */
function stamped(
  options: Partial<TimeStampOptions> = {},
  timeAuthorities: readonly unknown[] = [timeAuthorityPem(options.key)],
): Partial<Input> {
  const { result } = goodFile();
  const timeEvidence = makeTimeStamp({ digest: sha256(result), genTimeMs: NOW_MS + 90_000, ...options });
  return withEvidence(timeEvidence, timeAuthorities);
}
function withEvidence(timeEvidence: Uint8Array, timeAuthorities: readonly unknown[] = [timeAuthorityPem()]): Partial<Input> {
  return attestedBytes(fileWith({ timeEvidence }), { trust: resultTrust({ timeAuthorities }) });
}
const KEYS: readonly TimeKey[] = ["P-256", "P-384", "RSA"];
const goodStamp = (): Uint8Array => makeTimeStamp({ digest: sha256(goodFile().result), genTimeMs: NOW_MS + 90_000 });

/** Time evidence: what proves when an archived result existed. */
export const TIME_EVIDENCE: readonly Vector[] = [
  ...group(
    "code",
    {
      reason: "A time stamp of a trusted authority, made while the certificates were valid, proves that the result is not younger.",
      source: "RFC 3161 §2.4.2; RFC 5652 §5.4",
      expect: ["verified"],
    },
    [
      ...KEYS.map(
        (key) =>
          [
            `stamped-${key.toLowerCase()}`,
            `An authority with a key of kind ${key} stamped the result in time.`,
            () => stamped({ key }),
          ] as const,
      ),
      ["stamped-by-issuer", "The trust file names the issuer of the authority.", () => stamped({}, [timeAuthorityPem("P-384", "issuer")])],
      [
        "stamped-late",
        "The result was stamped when its certificates had expired.",
        () => stamped({ genTimeMs: NOW_MS + 2 * HOUR_MS + 1000 }),
        { expect: ["time-late"] },
      ],
      [
        "stamped-nobody-trusted",
        "The trust file names no authority, so the time stamp proves nothing.",
        () => stamped({}, []),
        { expect: ["time-not-proved"] },
      ],
    ],
  ),
  ...group(
    "code",
    {
      reason: "Time evidence that cannot be verified must not look like a result without any.",
      source: "RFC 3161 §2.3, §2.4.2; RFC 5652 §5",
      expect: "time-evidence-form",
    },
    [
      ["stamp-not-der", "The time evidence is text.", () => withEvidence(new Uint8Array(Buffer.from("2026-03-01T12:00:00Z")))],
      ["stamp-trailing", "A byte follows the time evidence.", () => withEvidence(concat(goodStamp(), hex("00")))],
      [
        "stamp-two-signers",
        "The time evidence has two signers.",
        () => stamped({ edit: (parts) => (parts.finishSigners = (signer) => concat(signer, signer)) }),
      ],
      [
        "stamp-sha1",
        "The time evidence covers a SHA-1 digest.",
        () => stamped({ edit: (parts) => (parts.info.imprint = der(0x30, SHA1, der(0x04, new Uint8Array(20)))) }),
        { expect: "time-evidence-imprint" },
      ],
      [
        "stamp-signed-over-sha1",
        "The time evidence says that its signature is over SHA-1.",
        () => stamped({ edit: (parts) => (parts.signerInfo.digestAlgorithm = SHA1) }),
        { expect: "time-evidence-unsupported" },
      ],
      [
        "stamp-other-authority",
        "An authority made the time evidence that the trust file does not name.",
        () => stamped({ key: "P-256" }, [timeAuthorityPem("P-384")]),
        { expect: "time-evidence-authority" },
      ],
      [
        "stamp-authority-not-for-time",
        "A certificate of the trusted issuer made the time evidence that is not for time-stamping.",
        () => {
          const certificate = timeCertificate("P-384", "authority", (parts) => (parts.extensions = parts.extensions.slice(1)));
          return stamped({ certificate }, [timeAuthorityPem("P-384", "issuer")]);
        },
        { expect: "time-evidence-authority", source: "RFC 3161 §2.3" },
      ],
      [
        "stamp-other-key",
        "The time evidence was signed with another key than the authority's.",
        () => stamped({ edit: (parts) => (parts.signer = timeKey("issuer", "P-384")) }),
        { expect: "time-evidence-signature" },
      ],
      [
        "stamp-time-changed",
        "The time was changed after it was signed.",
        () =>
          stamped({ edit: (parts) => (parts.finishContent = (content) => content.with(content.length - 8, (content.at(-8) ?? 0) ^ 1)) }),
        { expect: "time-evidence-signature" },
      ],
      [
        "stamp-other-result",
        "The time evidence covers another result.",
        () => stamped({ digest: sha256(goodFile().identity) }),
        { expect: "time-evidence-imprint" },
      ],
      [
        "stamp-early",
        "The time evidence is older than the result that it covers.",
        () => stamped({ genTimeMs: NOW_MS - HOUR_MS }),
        { expect: "time-evidence-early" },
      ],
      [
        "trust-time-authority",
        "An entry of timeAuthorities is no certificate.",
        () => stamped({}, ["https://tsa.example"]),
        { expect: "trust-time-authority" },
      ],
    ],
  ),
];

const SHA1 = hex("300906052b0e03021a0500");
