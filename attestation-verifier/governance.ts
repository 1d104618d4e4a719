// Who approved what: quorums, passkeys, releases, and verdicts that rest on them. Apart from the main entry, which stays small.
export { verifyApprovals, type ApprovableKind, type ApprovalsInput, type ApprovedBy, type Quorum } from "./release/quorum.ts";
export { verifyApproval, type GivenApproval } from "./release/approval.ts";
export { countMissing, type MissingRole } from "./release/count-missing.ts";
export { verifyPasskey, type PasskeyFault } from "./release/passkey.ts";
