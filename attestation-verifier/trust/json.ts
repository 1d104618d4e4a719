import { Refusal } from "../verdict/refusal.ts";

/**
 * JSON.parse that refuses an object with one key twice: it would keep the last silently, and a reader of the file may
 * have seen the first (RFC 8259 §4).
 * @throws Refusal trust-json, trust-key-unknown
 */
export function parseStrictJson(text: string): unknown {
  if (text.length > MAX_TRUST_CHARACTERS)
    throw new Refusal("trust-json", { expected: `at most ${MAX_TRUST_CHARACTERS} characters`, actual: `${text.length}` });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Refusal("trust-json", { actual: "text that is not JSON" });
  }
  refuseDuplicateKeys(text);
  return value;
}

/** Walks text that JSON.parse took: every string before a colon is a key of the object that is open. */
function refuseDuplicateKeys(text: string): void {
  const open: (Set<string> | null)[] = [];
  const token = /"(?:[^"\\]|\\.)*"|[{}[\]]/g;
  const colon = /\s*:/y;
  for (let match = token.exec(text); match !== null; match = token.exec(text)) {
    const [found] = match;
    if (found === "{") open.push(new Set());
    else if (found === "[") open.push(null);
    else if (found === "}" || found === "]") open.pop();
    else {
      colon.lastIndex = token.lastIndex;
      if (!colon.test(text)) continue;
      const keys = open.at(-1);
      const key = JSON.parse(found) as string;
      if (keys?.has(key) === true)
        throw new Refusal("trust-key-unknown", { subject: JSON.stringify(key.slice(0, 40)), actual: "the same key twice" });
      keys?.add(key);
    }
  }
}

/** Twice what 64 roots and 64 sets of 32 registers need; in a larger text, mere nesting could take all memory. */
const MAX_TRUST_CHARACTERS = 512 * 1024;
