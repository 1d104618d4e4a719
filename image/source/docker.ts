import { createHash } from "node:crypto";
import { ImageError } from "../errors.ts";
import { listOf, objectOf, textOf, textsOf } from "./json.ts";
import type { PackedImage } from "./oci.ts";
import { MAX_BLOB_BYTES, MAX_JSON_BYTES, MAX_LAYERS } from "./oci.ts";
import type { Store } from "./store.ts";

/**
 * Find the one image in what `docker save` or `podman save` wrote, by its `manifest.json` (Docker image specification v1.2).
 *
 * The configuration is held to the digest that its name is; layers are held to the configuration's by whoever unpacks them.
 * @throws ImageError `source-manifest`, `source-digest`, `source-platform`, `source-limit`
 */
export async function readDockerArchive(store: Store, manifest: Uint8Array): Promise<PackedImage> {
  const listed = imagesOf(manifest);
  const [image] = listed;
  if (image === undefined || listed.length > 1)
    throw new ImageError("source-platform", `${listed.length} images in manifest.json: save one`);
  const { fields, name, digest } = image;
  const config = await there(store, name, MAX_JSON_BYTES);
  const actual = createHash("sha256").update(config).digest("hex");
  if (actual !== digest) throw new ImageError("source-digest", `configuration ${digest} is ${actual}`);
  const layers = textsOf(fields["Layers"], "source-manifest", "Layers");
  if (layers.length > MAX_LAYERS) throw new ImageError("source-limit", `${layers.length} layers`);
  return { config, layers: layers.map((layer) => () => there(store, layer, MAX_BLOB_BYTES)) };
}

/** Digests of the configurations that a `manifest.json` names. @throws ImageError `source-manifest` */
export function configDigests(manifest: Uint8Array): string[] {
  return imagesOf(manifest).map(({ digest }) => digest);
}

function imagesOf(manifest: Uint8Array): { fields: Record<string, unknown>; name: string; digest: string }[] {
  return listOf(parseList(manifest), MAX_LAYERS, "source-manifest", "manifest.json").map((image) => {
    const fields = objectOf(image, "source-manifest", "an image");
    const name = textOf(fields["Config"], "source-manifest", "Config");
    const digest = /^(?:blobs\/sha256\/)?([0-9a-f]{64})(?:\.json)?$/.exec(name)?.[1];
    if (digest === undefined) throw new ImageError("source-manifest", `Config ${JSON.stringify(name)} is named by no SHA-256 digest`);
    return { fields, name, digest };
  });
}

function parseList(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw new ImageError("source-manifest", "manifest.json is no JSON in UTF-8");
  }
}

async function there(store: Store, name: string, maxBytes: number): Promise<Uint8Array> {
  const bytes = await store.read(name, maxBytes);
  if (bytes === null) throw new ImageError("source-digest", `there is no ${JSON.stringify(name)}`);
  return bytes;
}
