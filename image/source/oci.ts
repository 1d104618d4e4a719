import { createHash } from "node:crypto";
import type { EifArchitecture } from "../eif/layout.ts";
import { ImageError } from "../errors.ts";
import { PLATFORM } from "./config.ts";
import { listOf, objectOf, parseObject, textOf } from "./json.ts";
import type { Store } from "./store.ts";

/** An image's configuration and layers, lowest first, as they lie in the store: maybe compressed. */
export interface PackedImage {
  config: Uint8Array;
  layers: (() => Promise<Uint8Array>)[];
}

/**
 * Find the one image for a platform in an OCI layout (OCI image specification, "Image Layout"); every blob is held to
 * its descriptor's digest and size.
 * @throws ImageError `source-manifest`, `source-digest`, `source-platform`, `source-unsupported`, `source-limit`
 */
export async function readOci(store: Store, architecture: EifArchitecture): Promise<PackedImage> {
  const layout = await store.read("oci-layout", MAX_JSON_BYTES);
  const version = layout === null ? undefined : parseObject(layout, "source-manifest", "oci-layout")["imageLayoutVersion"];
  if (version !== "1.0.0") throw new ImageError("source-unsupported", `OCI layout of version ${JSON.stringify(version)}`);
  const index = await store.read("index.json", MAX_JSON_BYTES);
  if (index === null) throw new ImageError("source-manifest", "there is no index.json");
  const manifest = await choose(store, index, architecture, 0);
  const config = descriptor(manifest["config"]);
  if (!CONFIG_TYPES.includes(config.mediaType))
    throw new ImageError("source-unsupported", `a configuration of type ${JSON.stringify(config.mediaType)}`);
  const layers = listOf(manifest["layers"], MAX_LAYERS, "source-manifest", "layers").map(descriptor);
  for (const { mediaType } of layers)
    if (!LAYER_TYPES.test(mediaType)) throw new ImageError("source-unsupported", `a layer of type ${JSON.stringify(mediaType)}`);
  return {
    config: await blob(store, config, MAX_JSON_BYTES),
    layers: layers.map((layer) => () => blob(store, layer, MAX_BLOB_BYTES)),
  };
}

/** The manifest of the one image for the platform. Descriptors without a platform, as some tools write, are for any. */
async function choose(store: Store, bytes: Uint8Array, architecture: EifArchitecture, depth: number): Promise<Record<string, unknown>> {
  const document = parseObject(bytes, "source-manifest", "an index or manifest");
  if (document["schemaVersion"] !== 2) throw new ImageError("source-unsupported", "a manifest of another schemaVersion than 2");
  if (document["manifests"] === undefined) return document;
  if (depth >= MAX_DEPTH) throw new ImageError("source-manifest", "an index in an index in an index");
  const fitting = listOf(document["manifests"], MAX_MANIFESTS, "source-manifest", "manifests")
    .map(descriptor)
    .filter(({ platform }) => platform === null || platform === PLATFORM[architecture]);
  const digests = new Map(fitting.map((one) => [one.digest, one])); // one image may have several names
  const [only] = digests.values();
  if (only === undefined || digests.size > 1)
    throw new ImageError("source-platform", `${digests.size} images for ${PLATFORM[architecture]}`);
  if (!MANIFEST_TYPES.includes(only.mediaType))
    throw new ImageError("source-unsupported", `a manifest of type ${JSON.stringify(only.mediaType)}`);
  return choose(store, await blob(store, only, MAX_JSON_BYTES), architecture, depth + 1);
}

interface Descriptor {
  mediaType: string;
  /** 64 hex digits. */
  digest: string;
  size: number;
  platform: string | null;
}

function descriptor(value: unknown): Descriptor {
  const fields = objectOf(value, "source-manifest", "a descriptor");
  const mediaType = textOf(fields["mediaType"], "source-manifest", "mediaType");
  const digest = /^sha256:([0-9a-f]{64})$/.exec(textOf(fields["digest"], "source-manifest", "digest"))?.[1];
  const size = fields["size"];
  if (digest === undefined || typeof size !== "number" || !Number.isSafeInteger(size) || size < 0)
    throw new ImageError("source-manifest", "a descriptor without a SHA-256 digest and a size");
  if (fields["platform"] === undefined) return { mediaType, digest, size, platform: null };
  const { os, architecture } = objectOf(fields["platform"], "source-manifest", "platform");
  return { mediaType, digest, size, platform: `${String(os)}/${String(architecture)}` };
}

async function blob(store: Store, { digest, size }: Descriptor, maxBytes: number): Promise<Uint8Array> {
  const bytes = await store.read(`blobs/sha256/${digest}`, maxBytes);
  if (bytes === null) throw new ImageError("source-digest", `there is no blob ${digest}`);
  const actual = createHash("sha256").update(bytes).digest("hex");
  if (actual !== digest || bytes.length !== size)
    throw new ImageError("source-digest", `blob ${digest} of ${size} bytes is ${actual} of ${bytes.length}`);
  return bytes;
}

/** Manifests, indexes and configurations. */
export const MAX_JSON_BYTES: number = 4 * 2 ** 20;
/** A layer, packed or not. */
export const MAX_BLOB_BYTES: number = 2 ** 30;
/** Overlay file systems end there as well. */
export const MAX_LAYERS = 128;
const MAX_MANIFESTS = 256;
const MAX_DEPTH = 3;
const MANIFEST_TYPES: readonly string[] = [
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
];
const CONFIG_TYPES: readonly string[] = ["application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json"];
// Neither encrypted layers nor those that lie elsewhere.
const LAYER_TYPES = /^application\/vnd\.(oci\.image\.layer\.v1\.tar(\+gzip|\+zstd)?|docker\.image\.rootfs\.diff\.tar(\.gzip)?)$/;
