import type { EvidenceClaims } from "@caladrius/attestation-verifier";
import { toHex } from "@caladrius/wire";
import type { JSX } from "preact";
import { Code, Facts, Section } from "./facts.tsx";
import { formatTime } from "./format.ts";

/** Which enclave said it, and what was measured of it. */
export function Evidence({ evidence }: { evidence: EvidenceClaims }): JSX.Element {
  const { moduleId, region, timestampMs, root, certificate, pcrs, matchedPcrs, nonce, userData, publicKey, unknownFields } = evidence;
  const hex = (bytes: Uint8Array | null): JSX.Element | string => (bytes === null ? "none" : <Code>{toHex(bytes)}</Code>);
  const lists = evidence.crlDistributionPoints.filter(({ certificate }) => !evidence.revocation.covered.includes(certificate));
  const shown = [...pcrs].filter(([index, value]) => matchedPcrs.includes(index) || value.some((byte) => byte !== 0));
  return (
    <Section id="evidence" title="The enclave and its evidence">
      <Facts
        rows={[
          ["Enclave", <Code>{moduleId}</Code>],
          ["Region", region ?? "unknown"],
          ["Evidence made", formatTime(timestampMs)],
          ["Certificate", `${formatTime(certificate.notBeforeMs)} to ${formatTime(certificate.notAfterMs)}`],
          ["Root", `${root.commonName}${evidence.simulated ? ", a simulator's" : ""}`],
          ["SHA-256 of the root", <Code>{root.sha256}</Code>],
          evidence.revocation.covered.length === 0
            ? null
            : ["Not revoked", `${evidence.revocation.covered.join(", ")}, by the lists that you gave`],
          lists.length === 0
            ? null
            : [
                "Lists not looked at",
                lists.map(({ certificate, urls }) => (
                  <p key={certificate}>
                    of the {certificate}: <Code>{urls.join(" ")}</Code>
                  </p>
                )),
              ],
          ["Debug mode", evidence.debug ? "yes: its console can be read from outside" : "no"],
          ["Nonce", hex(nonce)],
          ["User data", hex(userData)],
          publicKey === null ? null : ["Public key", hex(publicKey)],
          unknownFields.length === 0 ? null : ["Fields unknown to this page", unknownFields.join(", ")],
        ]}
      />
      <h4>Measurements</h4>
      <dl class="registers">
        {shown.map(([index, value]) => (
          <div key={index} class={matchedPcrs.includes(index) ? "equal" : "open"}>
            <dt>
              PCR{index}
              <span>{matchedPcrs.includes(index) ? "equal to your trust file" : "not compared"}</span>
            </dt>
            <dd>
              <Code>{toHex(value)}</Code>
              {PCR_MEANING[index] !== undefined && <span>{PCR_MEANING[index]}</span>}
            </dd>
          </div>
        ))}
      </dl>
      {shown.length < pcrs.size && <p class="note">Registers that are all zero, and that your trust file does not name, are left out.</p>}
    </Section>
  );
}

const PCR_MEANING: Readonly<Record<number, string>> = {
  0: "the whole image",
  1: "kernel and boot part",
  2: "the application",
  3: "the role of the parent instance",
  4: "the parent instance",
  8: "who signed the image",
  16: "the constitution of the deployment",
  17: "the policy bundle",
};
