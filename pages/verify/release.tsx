import type { ApprovedBy, ReleaseClaims } from "@caladrius/attestation-verifier/governance";
import { toHex } from "@caladrius/wire";
import type { JSX } from "preact";
import { Code, Facts } from "./facts.tsx";
import { formatTime } from "./format.ts";

/** The release of the program that computed a result, and who approved it: the measurements alone say neither. */
export function ApprovedRelease({ release: { release, digest, author, approvedBy, from } }: { release: ReleaseClaims }): JSX.Element {
  return (
    <>
      <ul class="approvals">
        {approvedBy.map((one) => (
          <li key={`${one.person}, ${one.role}`}>
            <strong>{one.person}</strong>, {one.role}: {how(one)}
          </li>
        ))}
      </ul>
      <Facts
        rows={[
          ["Release", `${release.name} ${release.softwareVersion}`],
          ["Source commit", <Code key="commit">{release.sourceCommit}</Code>],
          ["SBOM digest", release.sbomDigest === null ? "none" : <Code key="sbom">{toHex(release.sbomDigest)}</Code>],
          ["Image digest", <Code key="image">{toHex(release.imageDigest)}</Code>],
          ["Digest of the release", <Code key="digest">{toHex(digest)}</Code>],
          ["Stated by", `${author.person}, ${author.role}`],
          ["Notes", release.notes === "" ? "none" : release.notes],
        ]}
      />
      <p>
        The approvals were in {from === "result file" ? "this result file" : "your trust file"}, and were counted by the rules of the
        constitution that your trust file names. Times are those of the approvers' own clocks.
      </p>
    </>
  );
}

/** The same in a sentence; null where nobody's approval was counted. */
export function approvalSentence(claims: ReleaseClaims | null): string | null {
  if (claims === null) return null;
  const { release, digest, approvedBy } = claims;
  const who = approvedBy.map((one) => `${one.person}, ${one.role} (${how(one)})`).join("; ");
  return `Release ${release.name} ${release.softwareVersion}, ${toHex(digest)}, commit ${release.sourceCommit}, approved by ${who}.`;
}

function how({ at, by }: ApprovedBy): string {
  return `${formatTime(at * 1000)}, with a ${by === "passkey" ? "passkey" : "key file"}`;
}
