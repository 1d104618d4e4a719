import { certificateInputs } from "./certificate-inputs.ts";
import { documentInputs } from "./document-inputs.ts";
import type { HostileInput } from "./hostile-input.ts";
import { listInputs, trustInputs } from "./other-inputs.ts";
import { largeInputs, resultInputs } from "./result-inputs.ts";

/** Made in the process that judges them, group by group. */
export const GROUPS: Readonly<Record<string, () => HostileInput[]>> = {
  documents: documentInputs,
  certificates: certificateInputs,
  results: resultInputs,
  "large results": largeInputs,
  "trust files": trustInputs,
  "lists and time stamps": listInputs,
};
