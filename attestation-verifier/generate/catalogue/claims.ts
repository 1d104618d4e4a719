import { compareBytes, encodeCbor, encodeDisclosure } from "@caladrius/wire";
import { hex } from "../der.ts";
import { JOB_DIGEST, NONCE, sha256, VALUES } from "../test-result.ts";
import { attested } from "./attested.ts";
import { ARCHIVED, group, type Vector } from "./vector.ts";

const withoutSummary = VALUES.filter(([name]) => name !== "alarm-summary");
const expecting = { jobDigest: JOB_DIGEST, nonce: NONCE, policyVersion: 3 };

/** What the caller expects, what is disclosed, and what is said of results that are accepted. */
export const CLAIMS: readonly Vector[] = [
  ...group(
    "code",
    {
      reason: "Who submitted a job knows its digest, its nonce and the policy version in force: a result for another job is refused.",
      source: "RFC 9711 §4.1; Layr-Labs/d-inference#802",
      expect: "result-job",
    },
    [
      [
        "job-other",
        "The caller expects the result of another job.",
        () => attested({}, { expect: { ...expecting, jobDigest: new Uint8Array(32) } }),
      ],
      [
        "nonce-of-other-request",
        "The caller expects another nonce in the result.",
        () => attested({}, { expect: { ...expecting, nonce: NONCE.with(0, 0) } }),
        { expect: "result-nonce" },
      ],
      [
        "policy-below-floor",
        "The caller expects at least version 4 of the policy bundle.",
        () => attested({}, { expect: { ...expecting, policyVersion: 4 } }),
        { expect: "result-policy-floor" },
      ],
      [
        "job-expected",
        "Job, nonce and policy version are what the caller expects.",
        () => attested({}, { expect: expecting }),
        { expect: ARCHIVED },
      ],
    ],
  ),
  ...group(
    "code",
    {
      reason:
        "A disclosure counts where its digest stands in the signed array, which is sorted, unique and padded so that its length tells little.",
      source: "RFC 9901 §7.1; OWASP/CheatSheetSeries#2332",
      expect: "disclosure-array",
    },
    [
      ["digests-unsorted", "The digests are not sorted.", () => attested({ digests: (all) => all.toReversed() })],
      [
        "digests-twice",
        "One digest stands twice.",
        () => attested({ digests: (all) => all.map((one, i) => (i === 1 ? (all[0] ?? one) : one)) }),
      ],
      [
        "digests-17",
        "There are 17 digests, which no padding gives.",
        () => attested({ digests: (all) => [...all, new Uint8Array(32).fill(0xff)] }),
      ],
      [
        "disclosure-added",
        "A disclosure was added that the result does not know.",
        () => attested({ disclose: (all) => [...all, encodeDisclosure(new Uint8Array(16), "purpose", "TREAT")] }),
        { expect: "disclosure-unknown" },
      ],
      [
        "disclosure-twice",
        "One disclosure stands twice.",
        () => attested({ disclose: (all) => [...all, all[0] ?? hex("")] }),
        { expect: "disclosure-duplicate" },
      ],
      [
        "disclosure-two-subjects",
        "Two disclosures name different subjects.",
        () =>
          attested({
            values: [
              ["subject", "a"],
              ["subject", "b"],
            ],
          }),
        { expect: "disclosure-duplicate" },
      ],
      [
        "disclosure-later",
        "A disclosure has a name that this version does not know.",
        () => attested({ digests: (all) => [...all.slice(1), sha256(LATER)].toSorted(compareBytes), disclose: () => [LATER] }),
        { expect: "disclosure-form" },
      ],
    ],
  ),
  ...group(
    "code",
    {
      reason: "The result is genuine. What a reader must know before relying on it stands in the reasons, the gravest first.",
      source: "draft-ietf-rats-ear; ARCHITECTURE §5",
      expect: ARCHIVED,
    },
    [
      ["result", "A result is judged at the time that its evidence states.", () => attested()],
      [
        "result-live",
        "A result is judged in live mode, two minutes after its evidence.",
        () => attested({}, { mode: "live" }),
        { expect: ["verified"] },
      ],
      [
        "result-nothing-disclosed",
        "Every disclosure was taken out.",
        () => attested({ disclose: () => [] }),
        { expect: ["alarm-summary-withheld", "time-not-proved"] },
      ],
      [
        "result-denied",
        "The enclave denied the job.",
        () =>
          attested({
            values: [
              ["denial", "consent-missing"],
              ["level", "full"],
            ],
          }),
        { expect: ["denied", "time-not-proved"] },
      ],
      [
        "result-status-stale",
        "The enclave answered under a status list that had expired.",
        () => attested({ claims: { flags: { breakGlass: false, statusStale: true, statusFresh: false } } }),
        { expect: ["status-stale", "time-not-proved"] },
      ],
      [
        "result-break-glass",
        "Access was taken by a break-glass grant.",
        () => attested({ claims: { flags: { breakGlass: true, statusStale: false, statusFresh: true } } }),
        { expect: ["break-glass", "time-not-proved"] },
      ],
      [
        "result-every-reason",
        "Summary withheld, status stale and break-glass come together in live mode.",
        () =>
          attested(
            { values: withoutSummary, claims: { flags: { breakGlass: true, statusStale: true, statusFresh: true } } },
            { mode: "live" },
          ),
        { expect: ["alarm-summary-withheld", "status-stale", "break-glass"] },
      ],
    ],
  ),
];

/** [salt, name, value] under a name of the future. */
const LATER: Uint8Array = encodeCbor([new Uint8Array(16), "later", 1]);
