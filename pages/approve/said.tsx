import { diffStatusLists, revokedWords } from "@caladrius/policies/status";
import { breakGlassWords, durationWords, iso, parameterWords, thresholdWords, whoReadsEverything } from "@caladrius/policies/words";
import type { Bundle, Constitution, Emergency, FleetRecord, Release, StatusList } from "@caladrius/wire";
import type { JSX } from "preact";
import type { Subject } from "./subject.ts";
import { escapeLines, Hex, Part, Source, Table, Thumbprint } from "./words.tsx";

/** What is approved, in words that whoever approves can judge. */
export function Said({ subject }: { subject: Subject }): JSX.Element {
  switch (subject.kind) {
    case "release":
      return <ReleaseSaid release={subject.says} />;
    case "bundle":
      return <BundleSaid bundle={subject.says} />;
    case "constitution":
      return <ConstitutionSaid constitution={subject.says} />;
    case "fleet-record":
      return <FleetRecordSaid record={subject.says} />;
    case "status-list":
      return <StatusListSaid list={subject.says} before={subject.before} />;
    case "emergency":
      return <EmergencySaid emergency={subject.says} />;
  }
}

function ReleaseSaid({ release }: { release: Release }): JSX.Element {
  const { name, softwareVersion, sourceCommit, notes, imageDigest, sbomDigest, pcrs } = release;
  return (
    <>
      <Part
        title="The program"
        rows={[
          ["Release", `${name} ${softwareVersion}`],
          ["Source commit", <code key="commit">{sourceCommit}</code>],
          [
            "Notes",
            <p class="notes" key="notes">
              {notes === "" ? "none" : escapeLines(notes)}
            </p>,
          ],
          ["Image digest", <Hex key="image" of={imageDigest} />],
          ["SBOM digest", sbomDigest === null ? "none" : <Hex key="sbom" of={sbomDigest} />],
        ]}
      />
      {pcrs.map(({ pcr0, pcr1, pcr2 }, i) => (
        <Part
          key={i}
          title={pcrs.length > 1 ? `Set ${i + 1} of measurements` : "Measurements"}
          rows={[pcr0, pcr1, pcr2].map((value, index) => [`PCR${index}`, <Hex key={index} of={value} />])}
        />
      ))}
    </>
  );
}

function BundleSaid({ bundle }: { bundle: Bundle }): JSX.Element {
  const { policyVersion, notBefore, notAfter, purposes, detectors, grantIssuers, devices, breakGlass, dataKeys, cedar } = bundle;
  return (
    <>
      <Part
        title="The policy"
        rows={[
          ["Version", String(policyVersion)],
          ["In force", `${iso(notBefore)} to ${iso(notAfter)}`],
          ["Emergencies", breakGlass === null ? "none: nothing is read without what the purposes ask for" : breakGlassWords(breakGlass)],
          ["Stale status list", `still answers care for ${durationWords(bundle.careGraceSeconds)}`],
          [
            "Other purposes than care",
            bundle.freshStatus ? "need a status list made for the boot" : "need no status list made for the boot",
          ],
          ["What else may leave", bundle.telemetry === null ? "nothing but results" : parameterWords(bundle.telemetry)],
        ]}
      />
      <Table
        title="Purposes"
        columns={["Purpose", "Counts as", "Grant", "Submitter sees at most", "Others see at most"]}
        none="none: nothing may be asked for"
        rows={purposes.map(({ code, care, grantRequired, submitterLevel, recipientLevel }) => [
          code,
          care ? "care" : "not care",
          grantRequired ? "needed" : "not needed",
          submitterLevel,
          recipientLevel,
        ])}
      />
      <Table
        title="Detectors"
        columns={["Detector", "Parameters"]}
        none="none: nothing is found"
        rows={detectors.map(({ id, parameters }) => [id, parameterWords(parameters)])}
      />
      <Table
        title="Who may give grants"
        columns={["Name", "SHA-256 of the key"]}
        none="nobody"
        rows={grantIssuers.map(({ name, key }) => [name, <Thumbprint key={name} of={key} />])}
      />
      <Part
        title="Devices"
        rows={[
          ["Without a device's signature", DEVICE[devices.unsigned]],
          ["Of a device not registered", DEVICE[devices.unknown]],
          ["Numbers left out", DEVICE[devices.gap]],
          ["Played again", DEVICE[devices.replay]],
        ]}
      />
      <Table
        title="Registered devices"
        columns={["Name", "Subject", "SHA-256 of the key"]}
        none="none"
        rows={devices.registered.map(({ name, key, subject }) => [name, subject ?? "any", <Thumbprint key={name} of={key} />])}
      />
      {dataKeys.length > 0 && <Part title="KMS keys of jobs" rows={[["ARN", ...dataKeys]]} />}
      <Source title="Cedar policies" text={cedar.policies} />
      <Source title="Cedar schema" text={cedar.schema} />
    </>
  );
}

function ConstitutionSaid({ constitution }: { constitution: Constitution }): JSX.Element {
  const { name, number, predecessor, notBefore, notAfter, approvers, quorums, statusKeys, auditorKeys, kms, log } = constitution;
  return (
    <>
      <Part
        title="The constitution"
        rows={[
          ["Name", name],
          ["Number", String(number)],
          ["Follows", predecessor === null ? "none: the first" : <Hex key="predecessor" of={predecessor} />],
          ["In force", `${iso(notBefore)} to ${iso(notAfter)}`],
        ]}
      />
      <Part
        title="Who must agree"
        rows={[
          ["Policy bundle", thresholdWords(quorums.bundle)],
          ["Release", thresholdWords(quorums.release)],
          ["Keys of a fleet", thresholdWords(quorums.fleet)],
          ["Another constitution", thresholdWords(quorums.succession)],
          ["Taking a revocation back", thresholdWords(quorums.status)],
        ]}
      />
      <Table
        title="Who they are"
        columns={["Person", "Role", "Approves with", "SHA-256 of the key"]}
        none="nobody"
        rows={approvers.map(({ person, role, key, passkey }, i) => [
          person,
          role,
          passkey === null ? `key file (${key.alg})` : `passkey for ${passkey.rpId}, at ${passkey.origins.join(", ")}`,
          <Thumbprint key={i} of={key} />,
        ])}
      />
      <Part
        title="Who else"
        rows={[
          ["Any one of these revokes", ...statusKeys.map((key, i) => <Thumbprint key={i} of={key} />)],
          [
            "Told of emergencies",
            ...(auditorKeys.length === 0
              ? ["nobody"]
              : auditorKeys.map(({ publicKey }, i) => <Thumbprint key={i} of={{ key: publicKey }} />)),
          ],
          ["KMS", ...(kms === null ? ["none"] : [kms.endpoint, ...kms.keys])],
          ...(kms === null
            ? []
            : [["SHA-256 of its TLS roots", ...kms.tlsRoots.map((root, i) => <Thumbprint key={i} of={{ key: root }} />)] as const]),
          ["Log", log === null ? "none" : `${log.origin}, ${log.witnessThreshold} of ${log.witnesses.length} witnesses`],
          ...(log === null
            ? []
            : [["Keys of log and witnesses", ...[log.key, ...log.witnesses].map((key, i) => <Thumbprint key={i} of={key} />)] as const]),
        ]}
      />
    </>
  );
}

function FleetRecordSaid({ record }: { record: FleetRecord }): JSX.Element {
  const { fleet, epoch, keySetDigest, wrapped, notBefore, notAfter } = record;
  const readers = whoReadsEverything(wrapped.map(({ keyArn }) => keyArn));
  return (
    <>
      <Part
        title="The keys"
        rows={[
          ["Fleet", fleet],
          ["Epoch", String(epoch)],
          ["Key id", <Hex key="id" of={keySetDigest} />],
          ["In force", `${iso(notBefore)} to ${iso(notAfter)}`],
          ["Who reads everything", readers ?? "no administrator of a single AWS account"],
        ]}
      />
      <Table
        title="Behind which KMS keys they lie"
        columns={["ARN", "SHA-256 of the encrypted part"]}
        none="none"
        rows={wrapped.map(({ keyArn, digest }) => [keyArn, <Hex key="digest" of={digest} />])}
      />
    </>
  );
}

function StatusListSaid({ list, before }: { list: StatusList; before: StatusList | null }): JSX.Element {
  const { number, issuedAt, expiresAt, bootNonce, lowestPolicyVersion, revocations, releases } = list;
  const changes = before === null ? null : diffStatusLists(before, list);
  return (
    <>
      {changes === null ? (
        <p>No list before was given: whether this one takes something back must be read from what it says. Give one with --last.</p>
      ) : (
        <Table
          title={`What changes since number ${before?.number}`}
          columns={["Change", "What"]}
          none="nothing is added, moved or taken back"
          rows={changes.differences.map(({ effect, words }) => [
            <strong key="effect" class={effect === "takes back" ? "back" : ""}>
              {effect}
            </strong>,
            words,
          ])}
        />
      )}
      <Part
        title="The list"
        rows={[
          ["Number", String(number)],
          ["In force", `${iso(issuedAt)} to ${iso(expiresAt)}`],
          ["Made for", bootNonce === null ? "no boot of an enclave in particular" : <Hex key="nonce" of={bootNonce} />],
          ["Policy", `version ${lowestPolicyVersion} or newer`],
        ]}
      />
      <Table
        title="Revoked"
        columns={["What", "Since", "Why"]}
        none="nothing"
        rows={revocations.map((one) => [revokedWords(one), iso(one.since), one.reason])}
      />
      <Table
        title="Releases"
        columns={["Stage", "Digest", "PCR0 of its images"]}
        none="none"
        rows={releases.map(({ lifecycle, digest, images }) => [
          lifecycle,
          <Hex key="digest" of={digest} />,
          images.map((image, i) => (
            <div key={i}>
              <Hex of={image} />
            </div>
          )),
        ])}
      />
    </>
  );
}

function EmergencySaid({ emergency }: { emergency: Emergency }): JSX.Element {
  const { id, bootId, requester, subject, ward, purpose, level, reason, openedAtMs, validSeconds } = emergency;
  return (
    <>
      <Part
        title="What is asked for"
        rows={[
          ["Subject", subject],
          ["Ward", ward ?? "none named"],
          ["Reason", reason],
          ["Purpose", purpose],
          ["Level", level],
          ["For", `${durationWords(validSeconds)} from its approval`],
        ]}
      />
      <Part
        title="By whom"
        rows={[
          ["SHA-256 of the asking key", <Thumbprint key="requester" of={requester} />],
          ["Asked", iso(openedAtMs / 1000)],
          ["Emergency", <Hex key="id" of={id} />],
          ["Boot of the enclave", <Hex key="boot" of={bootId} />],
        ]}
      />
    </>
  );
}

const DEVICE = { accept: "accepted", deny: "denied", flag: "accepted, and flagged in the result" } as const;
