import { diffStatusLists, revokedWords } from "@caladrius/policies/status";
import { iso } from "@caladrius/policies/words";
import { toHex, type StatusList } from "@caladrius/wire";
import { styled, type Terminal } from "../print.ts";

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
  for (const one of revocations) terminal.line(`revoked    ${revokedWords(one)}  since ${iso(one.since)}: ${one.reason}`);
  if (revocations.length === 0) terminal.line("revoked    nothing");
}

/** What a list says otherwise than the one before. */
export function printChanges(before: StatusList, after: StatusList, terminal: Terminal): void {
  const { differences, takesBack } = diffStatusLists(before, after);
  for (const { effect, words } of differences)
    terminal.line([styled(effect === "takes back" ? "red" : effect === "policy" ? "plain" : "yellow", effect.padEnd(11)), words]);
  terminal.line(takesBack ? "takes something back: enclaves want the quorum's approvals" : "takes nothing back");
}
