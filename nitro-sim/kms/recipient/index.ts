export { auditEvent, type AuditedCall, type AuditEvent } from "./audit-event.ts";
export { encryptForRecipient, recipientKeyId, type ContentForm } from "./encrypt-for-recipient.ts";
export {
  MAX_DOCUMENT_AGE_MS,
  readRecipient,
  type AttestedRecipient,
  type RecipientMembers,
  type RecipientOptions,
} from "./read-recipient.ts";
