import type { KnownEmergency } from "@caladrius/client";
import { toHex } from "@caladrius/wire";
import { styled, type Segment, type Terminal } from "../print.ts";

/** An emergency in words: who asks for what and why, how it stands, who answered. */
export function printEmergency(known: KnownEmergency, terminal: Terminal): void {
  const { emergency, escalated, answers, asked, expiresAtMs } = known;
  const { id, subject, ward, purpose, level, reason, requester, openedAtMs, validSeconds } = emergency;
  terminal.object(emergencyObject(known));
  terminal.line([styled("bold", "emergency"), `  ${toHex(id)}  `, stateSegment(known)]);
  terminal.table(
    [
      ["subject", ward === null ? subject : `${subject}, ward ${ward}`],
      ["reason", reason],
      ["asks for", `${level} for purpose ${purpose}, for ${Math.ceil(validSeconds / 60)} min from its approval`],
      ["asked by", `${requester.alg} ${toHex(requester.key)}`],
      ["opened", new Date(openedAtMs).toISOString()],
      [
        "decide",
        `${asked.map(({ role, threshold }) => `${threshold} of ${role}`).join(", ")}${escalated ? " (the second roles as well)" : ""}`,
      ],
      ...answers.map(({ person, role, granted }) => [granted ? "granted" : "refused", `by ${person}, ${role}`]),
      ...(expiresAtMs === null ? [] : [["ends", new Date(expiresAtMs).toISOString()]]),
    ],
    "  ",
  );
}

/** An emergency as --json prints it. */
export function emergencyObject({ statement: _, emergency, ...standing }: KnownEmergency): Readonly<Record<string, unknown>> {
  return { ...emergency, ...standing };
}

function stateSegment({ state }: KnownEmergency): Segment {
  return styled(state === "granted" ? "green" : state === "waiting" ? "yellow" : "red", state);
}
