import { toHex } from "@caladrius/wire";
import type { StatusListClaims } from "@caladrius/attestation-verifier/governance";
import type { JSX } from "preact";
import { Code, Facts, Section } from "./facts.tsx";
import { formatTime } from "./format.ts";

/** What a status list said of an accepted file. */
export function StatusListSection({ claims }: { claims: StatusListClaims }): JSX.Element {
  const { number, issuedAt, expiresAt, inForceThen, releases } = claims;
  return (
    <Section id="status-list" title="The status list">
      <Facts
        rows={[
          ["List", `number ${number}, in force from ${formatTime(issuedAt * 1000)} to ${formatTime(expiresAt * 1000)}`],
          [
            "When this was made",
            inForceThen
              ? "the list was in force"
              : "the list was not in force: it is of another day, and each entry counts from its own time on",
          ],
          [
            "This program on it",
            releases.length === 0
              ? "not named"
              : releases.map(({ digest, lifecycle }) => (
                  <p key={toHex(digest)}>
                    {lifecycle}, release <Code>{toHex(digest)}</Code>
                  </p>
                )),
          ],
          ["Not held against it", notHeldAgainst(claims) ?? "nothing"],
        ]}
      />
    </Section>
  );
}

/** What the list could not be held against, in words; null where it could against everything. */
export function notHeldAgainst({ undisclosed }: StatusListClaims): string | null {
  return undisclosed.length === 0 ? null : undisclosed.map((what) => UNDISCLOSED[what]).join("; ");
}

const UNDISCLOSED: Readonly<Record<StatusListClaims["undisclosed"][number], string>> = {
  submitter: "the submitter, whom this file does not disclose",
  grant: "the grant itself, whose number no result tells (its issuer is looked up where the file shows it)",
  device: "the device, as this file does not disclose the input",
};
