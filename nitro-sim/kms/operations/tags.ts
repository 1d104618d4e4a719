import { constraint, KmsServiceError } from "../errors.ts";
import { demandNotDeleting } from "../call.ts";
import type { Input } from "../protocol/input.ts";
import type { Operation } from "./operation.ts";
import { page } from "./paging.ts";

/** Operations on tags. */
export const TAG_OPERATIONS: Readonly<Record<string, Operation>> = {
  TagResource: {
    run: (call) => {
      const tags = readTags(call.input);
      const key = call.key("KeyId", { aliasAllowed: false });
      const names = Object.keys(tags);
      if (names.length === 0) throw constraint("Tags", null, "Member must not be null");
      const requested = names.map((name): [string, string] => [`aws:RequestTag/${name}`, tags[name] ?? ""]);
      call.authorize(key, { ...Object.fromEntries(requested), "aws:TagKeys": names });
      demandNotDeleting(key);
      const all = new Set([...call.store.tags(key.id).map(({ name }) => name), ...names]);
      if (all.size > MAX_TAGS) throw new KmsServiceError("TagException", `Too many tags: at most ${MAX_TAGS}`);
      call.store.transaction(() => call.store.putTags(key.id, tags));
      return null;
    },
  },
  UntagResource: {
    run: (call) => {
      const names = call.input.list("TagKeys", MAX_TAGS).map((name) => {
        if (typeof name !== "string") throw new KmsServiceError("SerializationException", "TagKeys is not a list of strings");
        return name;
      });
      const key = call.key("KeyId", { aliasAllowed: false });
      call.authorize(key, { "aws:TagKeys": names });
      demandNotDeleting(key);
      call.store.transaction(() => names.forEach((name) => call.store.deleteTag(key.id, name)));
      return null;
    },
  },
  ListResourceTags: {
    run: (call) => {
      const key = call.key("KeyId", { aliasAllowed: false });
      call.authorize(key);
      const { items, nextMarker } = page(
        call.input,
        { default: 50, most: 50 },
        (after, limit) =>
          call.store
            .tags(key.id)
            .filter(({ name }) => name > after)
            .slice(0, limit),
        ({ name }) => name,
      );
      return {
        Tags: items.map(({ name, value }) => ({ TagKey: name, TagValue: value })),
        NextMarker: nextMarker,
        Truncated: nextMarker !== undefined,
      };
    },
  },
};

/** The member Tags: names 1 to 128 characters, values up to 256, no name twice. @throws KmsServiceError TagException, SerializationException */
export function readTags(input: Input): Readonly<Record<string, string>> {
  const tags = new Map<string, string>();
  for (const item of input.list("Tags", MAX_TAGS)) {
    const { TagKey: name, TagValue: value } = (typeof item === "object" && item !== null && !Array.isArray(item) ? item : {}) as {
      TagKey?: unknown;
      TagValue?: unknown;
    };
    if (typeof name !== "string" || typeof value !== "string")
      throw new KmsServiceError("SerializationException", "a tag is an object with TagKey and TagValue");
    if (name.length < 1 || name.length > 128 || value.length > 256 || name.startsWith("aws:") || tags.has(name))
      throw new KmsServiceError("TagException", "One or more tags are not valid.");
    tags.set(name, value);
  }
  return Object.fromEntries(tags);
}

const MAX_TAGS = 50;
