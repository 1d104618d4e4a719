import type { JSX } from "preact";
import type { Check } from "@caladrius/attestation-verifier";
import type { FileVerdict } from "./judge.ts";

/** A shape for each status, so that colour is never the only sign. */
export function StatusIcon({ status }: { status: FileVerdict["status"] }): JSX.Element {
  return (
    <svg class="status-icon" viewBox="0 0 48 48" aria-hidden="true" focusable="false">
      {status === "affirming" && (
        <>
          <circle class="shape" cx="24" cy="24" r="22" />
          <path class="mark" d="M14 25l7 7 14-15" />
        </>
      )}
      {status === "warning" && (
        <>
          <path class="shape" d="M24 3L46 43H2z" />
          <path class="mark" d="M24 17v13M24 36.4v.2" />
        </>
      )}
      {status === "contraindicated" && (
        <>
          <path class="shape" d="M15.3 3h17.4L45 15.3v17.4L32.7 45H15.3L3 32.7V15.3z" />
          <path class="mark" d="M16 16l16 16M32 16L16 32" />
        </>
      )}
    </svg>
  );
}

/** The sign of one check. */
export function CheckIcon({ state }: { state: Check["state"] }): JSX.Element {
  return (
    <svg class="check-icon" viewBox="0 0 20 20" aria-hidden="true" focusable="false">
      <path d={CHECK_PATH[state]} />
    </svg>
  );
}

const CHECK_PATH: Readonly<Record<Check["state"], string>> = {
  passed: "M4 10.5l4 4 8-9",
  reservation: "M10 3.5v8M10 15.9v.2",
  failed: "M5 5l10 10M15 5L5 15",
  "not checked": "M7 7.2a3 3 0 1 1 4.2 2.8c-.8.4-1.2 1-1.2 2M10 15.9v.2",
  "not reached": "M5 10h10",
};
