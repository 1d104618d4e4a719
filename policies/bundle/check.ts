import { equalBytes, type Bundle, type Constitution, type DisclosureLevel } from "@caladrius/wire";
import { AuthoringError, type AuthoringWarning } from "../authoring/errors.ts";
import { iso } from "../authoring/words.ts";
import { unreachable } from "../constitution/check.ts";
import { WIDTH } from "../decision/cover.ts";

/** What a bundle is held against. */
export interface BundleCheck {
  constitution: Constitution;
  /** SHA-384 of its statement */
  constitutionDigest: Uint8Array;
  /** Unix seconds */
  nowSeconds: number;
  /** the one that it replaces, null for none */
  previous: Bundle | null;
}

/**
 * Refuses a bundle that cannot work under its constitution, and says what of one that can should be thought about again.
 * Cedar policies and parameters of detectors are judged elsewhere.
 * @throws AuthoringError bundle-constitution, bundle-window, bundle-version, bundle-emergency, bundle-kms
 */
export function checkBundle(
  bundle: Bundle,
  { constitution, constitutionDigest, nowSeconds, previous }: BundleCheck,
): readonly AuthoringWarning[] {
  const { notBefore, notAfter, policyVersion } = bundle;
  if (!equalBytes(bundle.constitutionDigest, constitutionDigest))
    throw new AuthoringError("bundle-constitution", "the bundle names the digest of another constitution");
  if (notAfter <= notBefore) throw new AuthoringError("bundle-window", `from ${iso(notBefore)} to ${iso(notAfter)}`);
  if (notAfter <= nowSeconds) throw new AuthoringError("bundle-window", `it ended ${iso(notAfter)}`);
  if (previous !== null && policyVersion <= previous.policyVersion)
    throw new AuthoringError("bundle-version", `expected at least ${previous.policyVersion + 1}, found ${policyVersion}`);
  if (bundle.dataKeys.length > 0 && constitution.kms === null)
    throw new AuthoringError("bundle-kms", `dataKeys[0]: ${bundle.dataKeys[0] ?? ""}`);
  refuseUnreachableEmergency(bundle, constitution);
  return [...windows(bundle, constitution), ...purposes(bundle), ...devices(bundle), ...emergencies(bundle)];
}

function refuseUnreachableEmergency({ breakGlass }: Bundle, { approvers }: Constitution): void {
  if (breakGlass === null) return;
  for (const part of ["first", "second"] as const) {
    const missing = unreachable(breakGlass[part], approvers);
    if (missing !== null) throw new AuthoringError("bundle-emergency", `breakGlass.${part}: ${missing}`);
  }
}

function windows({ notBefore, notAfter }: Bundle, constitution: Constitution): AuthoringWarning[] {
  if (notBefore >= constitution.notBefore && notAfter <= constitution.notAfter) return [];
  const sentence = `nothing is answered outside the constitution's time, ${iso(constitution.notBefore)} to ${iso(constitution.notAfter)}`;
  return [{ code: "window-outside", sentence }];
}

function purposes({ purposes: rules, detectors, grantIssuers }: Bundle): AuthoringWarning[] {
  const wider = rules.filter(({ submitterLevel, recipientLevel }) => width(recipientLevel) > width(submitterLevel));
  const dead = grantIssuers.length > 0 ? [] : rules.filter(({ grantRequired }) => grantRequired);
  return [
    ...(rules.length === 0 ? [{ code: "no-purpose", sentence: "no purpose has a rule: every job is denied" }] : []),
    ...(detectors.length === 0 ? [{ code: "no-detector", sentence: "no detector is named: nothing is ever found" }] : []),
    ...wider.map(({ code }) => ({ code: "recipient-wider", sentence: `${code}: further recipients may see more than the submitter` })),
    ...dead.map(({ code }) => ({ code: "no-issuer", sentence: `${code} demands a grant, and nobody may give one: it is always denied` })),
  ];
}

function devices({ devices: { registered, unsigned, unknown } }: Bundle): AuthoringWarning[] {
  if (registered.length > 0 || unsigned === "accept" || unknown === "flag") return [];
  return [{ code: "no-device", sentence: "no device is registered, and recordings of others are denied: so is every job" }];
}

function emergencies({ breakGlass }: Bundle): AuthoringWarning[] {
  if (breakGlass === null) return [];
  const alone = (["first", "second"] as const).filter((part) => breakGlass[part].reduce((sum, { threshold }) => sum + threshold, 0) === 1);
  return alone.map((part) => ({ code: "lone-emergency", sentence: `breakGlass.${part}: one person alone opens an emergency` }));
}

function width(level: DisclosureLevel): number {
  return WIDTH[level];
}
