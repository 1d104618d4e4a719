import { ACCEPTED } from "./accepted.ts";
import { BINDING } from "./binding.ts";
import { BUNDLE } from "./bundle.ts";
import { CLAIMS } from "./claims.ts";
import { CONSTRAINTS } from "./constraints.ts";
import { DER_FORM } from "./der-form.ts";
import { ENVELOPE } from "./envelope.ts";
import { FIELDS } from "./fields.ts";
import { FRESHNESS } from "./freshness.ts";
import { HEADER } from "./header.ts";
import { KEYS } from "./keys.ts";
import { LISTS } from "./lists.ts";
import { NAMES } from "./names.ts";
import { PAYLOAD } from "./payload.ts";
import { PLATFORMS } from "./platforms.ts";
import { POLICY } from "./policy.ts";
import { RESULTS } from "./results.ts";
import { SIGNATURE } from "./signature.ts";
import { TIME_EVIDENCE } from "./time-evidence.ts";
import type { Vector } from "./vector.ts";

/** Every vector of the kit. The order gives the numbers: what comes later is put last, so that others keep theirs. */
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
  ...FRESHNESS,
  ...POLICY,
  ...PLATFORMS,
  ...ACCEPTED,
  ...BINDING,
  ...RESULTS,
  ...CLAIMS,
  ...LISTS,
  ...TIME_EVIDENCE,
];
