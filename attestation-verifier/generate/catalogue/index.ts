import { BUNDLE } from "./bundle.ts";
import { CONSTRAINTS } from "./constraints.ts";
import { DER_FORM } from "./der-form.ts";
import { ENVELOPE } from "./envelope.ts";
import { FIELDS } from "./fields.ts";
import { HEADER } from "./header.ts";
import { KEYS } from "./keys.ts";
import { NAMES } from "./names.ts";
import { PAYLOAD } from "./payload.ts";
import { SIGNATURE } from "./signature.ts";
import type { Vector } from "./vector.ts";

/** Every vector of the kit. The order gives the numbers, so new families come last. */
export const CATALOGUE: readonly Vector[] = [
  ...ENVELOPE,
  ...HEADER,
  ...SIGNATURE,
  ...PAYLOAD,
  ...FIELDS,
  ...BUNDLE,
  ...CONSTRAINTS,
  ...KEYS,
  ...DER_FORM,
  ...NAMES,
];
