import { fromHex } from "@caladrius/wire";
import { UsageError } from "../exit.ts";
import { Fields, hexUpTo, listOf, oneOf, orNull, parseJson, textUpTo, wholeUpTo } from "./json.ts";
import type { BeyondRunners, Expected, Vector } from "./kit.ts";
import { RULES } from "./rules.ts";

/** What `manifest.json` says; `crls` are names of files beside it. */
export type Manifest = Pick<Vector, "id" | "title" | "rule" | "mode" | "time" | "nonce" | "maxAgeSeconds"> & BeyondRunners;

/** Reads a manifest: every key must be known, so that nothing a vector asks for is passed over. @throws UsageError */
export function parseManifest(text: string, id: string): Manifest {
  const fields = new Fields(parseJson(text), "the manifest");
  fields.take("id", oneOf(id), `the name of the folder, ${id}`);
  for (const name of ["reason", "source"]) fields.take(name, textUpTo(1000), "a text of 1 to 1000 characters");
  const manifest: Manifest = {
    id,
    title: fields.take("title", textUpTo(300), "a text of 1 to 300 characters"),
    rule: fields.take("rule", (value) => (typeof value === "string" && RULES.has(value) ? value : undefined), RULE_FORM),
    mode: fields.take("mode", oneOf("live", "archived"), "live or archived"),
    time: fields.take("time", orNull(instant), "a time such as 2026-11-21T10:00:00.000Z, or null"),
    nonce: fields.take("nonce", orNull(hexUpTo(1024)), "lower-case hex of up to 1024 bytes, or null"),
    maxAgeSeconds: fields.take("maxAgeSeconds", orNull(wholeUpTo(MAX_AGE_SECONDS)), "a whole number of seconds, or null"),
    expect: fields.optional("expect", readExpect, "an object"),
    consistency: fields.optional("consistency", oneOf("report"), '"report"'),
    crls: fields.optional("crls", listOf(crlName), "a list of names such as crl-1.der") ?? [],
  };
  fields.end();
  if (manifest.mode === "live" && manifest.time === null) throw new UsageError("live mode needs a time");
  if (manifest.mode === "archived" && manifest.maxAgeSeconds !== null) throw new UsageError("maxAgeSeconds is for live mode");
  return manifest;
}

/** Reads `expected.json`. @throws UsageError */
export function parseExpected(text: string): Expected {
  const fields = new Fields(parseJson(text), "the expectation");
  const expected: Expected = {
    exit: fields.take("exit", oneOf(0, 10, 20, 30), "0, 10, 20 or 30"),
    status: fields.take("status", oneOf("affirming", "warning", "contraindicated"), "affirming, warning or contraindicated"),
    code: fields.take("code", codeName, "a reason code"),
    reasons: fields.optional("reasons", listOf(codeName), "a list of reason codes"),
    stage: fields.take("stage", codeName, "a stage"),
  };
  fields.end();
  if ((expected.exit === 0) === (expected.status === "contraindicated")) throw new UsageError("exit and status contradict each other");
  if ((expected.exit === 0) === (expected.reasons === null)) throw new UsageError("an acceptance has reasons, a refusal has none");
  return expected;
}

function readExpect(value: unknown): BeyondRunners["expect"] | undefined {
  const fields = new Fields(value, "expect");
  const jobDigest = fields.optional("jobDigest", hexUpTo(64), "lower-case hex");
  const nonce = fields.optional("nonce", hexUpTo(1024), "lower-case hex");
  const policyVersion = fields.optional("policyVersion", wholeUpTo(Number.MAX_SAFE_INTEGER), "a whole number");
  fields.end();
  return {
    jobDigest: jobDigest === null ? null : fromHex(jobDigest),
    nonce: nonce === null ? null : fromHex(nonce),
    policyVersion,
  };
}

function instant(value: unknown): string | undefined {
  if (typeof value !== "string" || value.length > 30) return undefined;
  const ms = Date.parse(value);
  return !Number.isNaN(ms) && new Date(ms).toISOString() === value ? value : undefined;
}

function crlName(value: unknown): string | undefined {
  return typeof value === "string" && /^crl-[1-9][0-9]?\.der$/.test(value) ? value : undefined;
}

function codeName(value: unknown): string | undefined {
  return typeof value === "string" && /^[a-z][a-z0-9-]{0,63}$/.test(value) ? value : undefined;
}

const RULE_FORM = "reject-1 to reject-45, accept-1 to accept-13, or code";
const MAX_AGE_SECONDS = 1_000_000_000;
