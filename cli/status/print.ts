import { indexRevocations, takesBack } from "@caladrius/attestation-verifier/governance";
import { toHex, type StatusList } from "@caladrius/wire";
import { styled, type Terminal } from "../print.ts";
import { wordsOf } from "./things.ts";

/** A status list for people. */
export function printStatusList(list: StatusList, terminal: Terminal): void {
  const { number, issuedAt, expiresAt, bootNonce, lowestPolicyVersion, revocations, releases } = list;
  const over = Date.now() > expiresAt * 1000;
  terminal.line(`number     ${number}`);
  terminal.line(["in force   ", `${iso(issuedAt)} to ${iso(expiresAt)}`, ...(over ? ["  ", styled("red", "expired")] : [])]);
  terminal.line(`fresh for  ${bootNonce === null ? "no boot of an enclave in particular" : `boot nonce ${toHex(bootNonce)}`}`);
  terminal.line(`policy     version ${lowestPolicyVersion} or newer`);
  for (const { digest, images, lifecycle } of releases)
    terminal.line(`release    ${lifecycle}  ${toHex(digest)}  (${images.length === 1 ? "1 image" : `${images.length} images`})`);
  for (const one of revocations) terminal.line(`revoked    ${wordsOf(one)}  since ${iso(one.since)}: ${one.reason}`);
  if (revocations.length === 0) terminal.line("revoked    nothing");
}

/** What a list says otherwise than the one before. */
export function printChanges(before: StatusList, after: StatusList, terminal: Terminal): void {
  const [old, now] = [indexRevocations(before), indexRevocations(after)];
  for (const one of after.revocations) {
    const since = old.since(one.what, one.id);
    if (since === null) terminal.line([styled("yellow", "adds       "), wordsOf(one)]);
    else if (since !== one.since)
      terminal.line([styled("yellow", "moves      "), `${wordsOf(one)}, from ${iso(since)} to ${iso(one.since)}`]);
  }
  for (const one of before.revocations)
    if (now.since(one.what, one.id) === null) terminal.line([styled("red", "takes back "), wordsOf(one)]);
  for (const image of old.images.keys())
    if (!now.images.has(image)) terminal.line([styled("red", "takes back "), `the revocation of the image with PCR0 ${image}`]);
  if (before.lowestPolicyVersion !== after.lowestPolicyVersion)
    terminal.line(`policy     from version ${before.lowestPolicyVersion} to ${after.lowestPolicyVersion}`);
  terminal.line(takesBack(before, after) ? "takes something back: enclaves want the quorum's approvals" : "takes nothing back");
}

function iso(unixSeconds: number): string {
  return new Date(unixSeconds * 1000).toISOString();
}
