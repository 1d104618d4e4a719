import { ConfigurationError } from "@caladrius/wire";
import type { DetailedError } from "@cedar-policy/cedar-wasm/nodejs";
import { CEDAR_PROBES, cedarCall, type CedarRequest } from "./request.ts";
import {
  initSync,
  policySetTextToParts,
  policyToJson,
  preparsePolicySet,
  preparseSchema,
  schemaToJson,
  statefulIsAuthorized,
  validate,
  wasmUrl,
} from "./web.mjs";

/** Cedar, ready to read policies. */
export interface Cedar {
  /**
   * Policies and their schema, parsed once. Refused: no policy that permits, a policy or schema that does not parse,
   * templates (they decide nothing), whatever the strict validator has to say, and a schema that the requests of this
   * program do not fit.
   * @throws ConfigurationError boot-bundle-cedar-*
   */
  open(text: CedarText): CedarEngine;
}

/** Schema and policies as a bundle holds them. */
export interface CedarText {
  schema: string;
  policies: string;
}

/** The policies of one bundle. */
export interface CedarEngine {
  answer(request: CedarRequest): CedarAnswer;
}

/** What Cedar says. Where there is an error, `allowed` is false whatever the policies that did not fail said. */
export interface CedarAnswer {
  allowed: boolean;
  /** ids of the policies that decided: "policy0" for the first of the text, and so on */
  policies: readonly string[];
  /** what went wrong in words of Cedar's, which may quote the request */
  errors: readonly string[];
}

/** Where the installed WebAssembly lies, as a `file:` URL; the image has it as a file of its own. */
export const cedarWasmUrl: () => string = wasmUrl;

/**
 * Makes Cedar out of its WebAssembly, which has no clock, no randomness and no way out. One module serves a whole
 * process: a second call takes the first one's.
 * @param wasm cedar_wasm_bg.wasm of the package in the lock file
 */
export function loadCedar(wasm: Uint8Array): Cedar {
  initSync({ module: wasm });
  return { open: openPolicies };
}

function openPolicies({ schema, policies }: CedarText): CedarEngine {
  permitsSomething(policies);
  const id = `${opened++}`;
  const set = { staticPolicies: policies };
  const schemaRead = preparseSchema(id, schema);
  if (schemaRead.type === "failure") throw new ConfigurationError("boot-bundle-cedar-schema", sentences(schemaRead.errors));
  const policiesRead = preparsePolicySet(id, set);
  const complaints = policiesRead.type === "failure" ? policiesRead.errors : complaintsOfStrict({ schema, policies: set });
  if (complaints.length > 0) throw new ConfigurationError("boot-bundle-cedar-policies", sentences(complaints));
  fitsRequests(id, schema);
  return { answer: (request) => answerFrom(id, request) };
}

/**
 * Every shape of request that the program makes, held against the schema once; decisions then do without, in half the time.
 * A schema says one thing that these requests do not state themselves: in which groups an action is.
 */
function fitsRequests(id: string, schema: string): void {
  for (const probe of CEDAR_PROBES) {
    const answer = statefulIsAuthorized({ ...cedarCall(probe), preparsedSchemaName: id, preparsedPolicySetId: id, validateRequest: true });
    if (answer.type === "failure") throw new ConfigurationError("boot-bundle-cedar-requests", sentences(answer.errors));
  }
  const read = schemaToJson(schema);
  const groups = read.type === "failure" || Object.values(read.json).some(({ actions }) => Object.values(actions).some(isGrouped));
  if (groups) throw new ConfigurationError("boot-bundle-cedar-requests", "a group of actions, in which no request would be");
}

function isGrouped({ memberOf }: { memberOf?: readonly unknown[] }): boolean {
  return memberOf !== undefined && memberOf.length > 0;
}

/** A warning counts: it tells of a policy that never applies, or whose text reads other than it says. */
function complaintsOfStrict(call: { schema: string; policies: { staticPolicies: string } }): DetailedError[] {
  const answer = validate({ ...call, validationSettings: { mode: "strict" } });
  if (answer.type === "failure") return answer.errors;
  return [...[...answer.validationErrors, ...answer.validationWarnings].map(({ error }) => error), ...answer.otherWarnings];
}

/** Of no policies, or of templates and forbids alone, nothing could ever be allowed; and a template that nobody fills in forbids nothing. */
function permitsSomething(policies: string): void {
  const parts = policySetTextToParts(policies);
  if (parts.type === "failure") throw new ConfigurationError("boot-bundle-cedar-policies", sentences(parts.errors));
  if (parts.policy_templates.length > 0) throw new ConfigurationError("boot-bundle-cedar-policies", "a template, which decides nothing");
  const permits = parts.policies.some((policy) => {
    const read = policyToJson(policy);
    return read.type === "success" && read.json.effect === "permit";
  });
  if (!permits) throw new ConfigurationError("boot-bundle-cedar-policies", "no policy permits anything");
}

/**
 * A `forbid` whose condition fails is skipped by Cedar, and the request allowed, with the failure among the diagnostics
 * alone; so any of those is a no. A module that once trapped may hold half of something and answers no more.
 */
function answerFrom(id: string, request: CedarRequest): CedarAnswer {
  if (trapped) return { allowed: false, policies: [], errors: ["Cedar ended"] };
  try {
    const answer = statefulIsAuthorized({ ...cedarCall(request), preparsedPolicySetId: id });
    if (answer.type === "failure") return { allowed: false, policies: [], errors: answer.errors.map(({ message }) => message) };
    const { decision, diagnostics } = answer.response;
    const errors = [...diagnostics.errors.map(({ error }) => error.message), ...answer.warnings.map(({ message }) => message)];
    return { allowed: decision === "allow" && errors.length === 0, policies: diagnostics.reason, errors };
  } catch {
    trapped = true;
    return { allowed: false, policies: [], errors: ["Cedar ended"] };
  }
}

function sentences(errors: readonly DetailedError[]): string {
  return errors.map(({ message }) => message).join("; ");
}

/** How many bundles were opened: Cedar keeps what it parsed under a name. */
let opened = 0;
let trapped = false;
