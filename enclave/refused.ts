import type { EnclaveErrorName } from "@caladrius/wire";

/** What was asked is refused with a code of the table that the host knows; nothing in it depends on opened content. */
export class Refused extends Error {
  override readonly name = "Refused";
  readonly code: EnclaveErrorName;
  constructor(code: EnclaveErrorName) {
    super(code);
    this.code = code;
  }
}
