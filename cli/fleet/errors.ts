/** One entry per code with which the fleet commands refuse; what the verifier and wire refuse keeps their codes. */
export const FLEET_CODE = {
  "fleet-commitment": { spec: "ARCHITECTURE §6", meaning: "the evidence was not made for this candidate: whoever sent it acts" },
  "fleet-key-set": { spec: "ARCHITECTURE §6", meaning: "the candidate's key set is none, or names another fleet: whoever sent it acts" },
  "fleet-constitution": {
    spec: "ARCHITECTURE §6",
    meaning: "candidate, record and constitution do not belong together: the approver takes those of one deployment",
  },
  "fleet-kms-keys": {
    spec: "ARCHITECTURE §6",
    meaning: "the seed is not wrapped under exactly the constitution's KMS keys, in their order: nobody approves this candidate",
  },
  "fleet-record": {
    spec: "ARCHITECTURE §6",
    meaning: "the record is not of this candidate, or no approver of the constitution signed it: nobody approves it",
  },
  "fleet-window": {
    spec: "ARCHITECTURE §6",
    meaning:
      "the epoch ends before it begins, is longer than 31 days, or does not lie inside the constitution's time: the approver chooses other dates",
  },
  "fleet-quorum": { spec: "ARCHITECTURE §6", meaning: "approvals are missing: those who are named approve" },
} as const;

/** Why a fleet command refused; stable across versions. */
export type FleetCode = keyof typeof FLEET_CODE;

/** A candidate or a record is not what it should be; exit code 10. */
export class FleetError extends Error {
  override readonly name = "FleetError";
  readonly code: FleetCode;
  readonly stage = "fleet";
  readonly spec: string;
  constructor(code: FleetCode, detail: string) {
    super(`${FLEET_CODE[code].meaning} (${detail})`);
    this.code = code;
    this.spec = FLEET_CODE[code].spec;
  }
}
