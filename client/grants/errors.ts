import { CLIENT_CODE, sentence } from "../errors.ts";

/** Codes of grants: rows of the client's table. */
export type GrantCode =
  | "grant-form"
  | "grant-signature"
  | "grant-window"
  | "grant-holder"
  | "consent-form"
  | "consent-inexact"
  | "ticket-form"
  | "ticket-signature"
  | "ticket-claims"
  | "ticket-inexact";

/** No grant can be made, or this one does not count. `where` is the place in the document that it was to be made from. */
export class GrantError extends Error {
  override readonly name = "GrantError";
  readonly code: GrantCode;
  readonly stage: string;
  readonly spec: string;
  readonly where: string | null;
  constructor(code: GrantCode, detail: { where?: string; expected?: string; actual?: string }) {
    const { where = null, expected, actual } = detail;
    const found = [expected === undefined ? null : `expected ${expected}`, actual === undefined ? null : `found ${actual}`];
    const text = [where, found.filter((one) => one !== null).join(", ")].filter((one) => one !== null && one !== "").join(": ");
    super(sentence(code, text === "" ? null : text));
    this.code = code;
    this.stage = CLIENT_CODE[code].stage;
    this.spec = CLIENT_CODE[code].spec;
    this.where = where;
  }
}
