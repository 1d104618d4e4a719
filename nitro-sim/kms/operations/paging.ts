import { KmsServiceError } from "../errors.ts";
import type { Input } from "../protocol/input.ts";
import type { Page } from "./operation.ts";

/**
 * Reads Limit and Marker and takes one page. The marker says after which name to go on, so that entries which come or go
 * in between neither repeat nor hide others.
 * @param most the default and the highest Limit
 * @throws KmsServiceError ValidationException, InvalidMarkerException
 */
export function page<T>(
  input: Input,
  limits: { readonly default: number; readonly most: number },
  list: (after: string, limit: number) => readonly T[],
  nameOf: (item: T) => string,
): Page<T> {
  const limit = input.integer("Limit", 1, limits.most) ?? limits.default;
  const found = list(readMarker(input), limit + 1);
  const items = found.slice(0, limit);
  const last = items.at(-1);
  return { items, nextMarker: found.length > limit && last !== undefined ? writeMarker(nameOf(last)) : undefined };
}

function writeMarker(name: string): string {
  return Buffer.from(`${PREFIX}${name}`, "utf8").toString("base64url");
}

function readMarker(input: Input): string {
  const marker = input.text("Marker", { max: 1024 });
  if (marker === null) return "";
  const text = Buffer.from(marker, "base64url").toString("utf8");
  if (!text.startsWith(PREFIX) || writeMarker(text.slice(PREFIX.length)) !== marker)
    throw new KmsServiceError("InvalidMarkerException", "the marker is not one that this operation gave");
  return text.slice(PREFIX.length);
}

const PREFIX = "after:";
