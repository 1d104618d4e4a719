import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";

/** One entry of a tar archive as anyone might write it. */
export interface RawEntry {
  name: string;
  data?: Uint8Array | string;
  /** "0" file, "1" hard link, "2" symbolic link, "3" "4" devices, "5" folder, "6" pipe. */
  type?: string;
  mode?: number;
  link?: string;
  /** The size field where it shall differ from the data. */
  size?: number;
  magic?: string;
  prefix?: string;
}

/** A tar archive. Nothing is checked: it may be as broken as a test wants it. */
export function tar(entries: readonly RawEntry[], end: Uint8Array = new Uint8Array(1024)): Buffer {
  return Buffer.concat([...entries.flatMap(record), end]);
}

function record(entry: RawEntry): Buffer[] {
  const data = Buffer.from(entry.data ?? "");
  const header = Buffer.alloc(512);
  header.write(entry.name, 0, 100);
  header.write(octal(entry.mode ?? (entry.type === "5" ? 0o755 : 0o644), 7), 100);
  header.write(octal(1000, 7), 108);
  header.write(octal(1000, 7), 116);
  header.write(octal(entry.size ?? data.length, 11), 124);
  header.write(octal(1_700_000_000, 11), 136);
  header.write(entry.type ?? "0", 156);
  header.write(entry.link ?? "", 157, 100);
  header.write(entry.magic ?? "ustar\u000000", 257, "latin1");
  header.write(entry.prefix ?? "", 345, 155);
  header.fill(0x20, 148, 156);
  header.write(
    `${octal(
      header.reduce((sum, byte) => sum + byte, 0),
      6,
    )}\0 `,
    148,
  );
  return [header, data, Buffer.alloc((512 - (data.length % 512)) % 512)];
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, "0");
}

/** A pax header for the entry that follows. */
export function pax(fields: Readonly<Record<string, string>>, type = "x"): RawEntry {
  const records = Object.entries(fields).map(([key, value]) => {
    const rest = Buffer.byteLength(` ${key}=${value}\n`);
    let length = rest + String(rest).length;
    if (String(length).length > String(rest).length) length = rest + String(length).length;
    return `${length} ${key}=${value}\n`;
  });
  return { name: "PaxHeaders/0", type, data: records.join("") };
}

export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Fields of a configuration that differ from a plain one for this machine. */
export interface ConfigFields {
  architecture?: string;
  config?: Record<string, unknown> | null;
  diffIds?: readonly string[];
}

/** An image's configuration over uncompressed layers. */
export function config(layers: readonly Uint8Array[], fields: ConfigFields = {}): Buffer {
  return json({
    architecture: fields.architecture ?? ARCHITECTURE,
    os: "linux",
    config: fields.config === undefined ? { Cmd: ["/bin/app"], Env: ["A=1"] } : fields.config,
    rootfs: { type: "layers", diff_ids: fields.diffIds ?? layers.map((layer) => `sha256:${sha256(layer)}`) },
  });
}

export function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

/** The files of an OCI layout over layers that may be packed. */
export function ociFiles(
  layers: readonly Uint8Array[],
  fields: ConfigFields = {},
  pack: (layer: Uint8Array) => Uint8Array = gzipSync,
): Map<string, Buffer> {
  const files = new Map<string, Buffer>([["oci-layout", json({ imageLayoutVersion: "1.0.0" })]]);
  const blob = (mediaType: string, bytes: Uint8Array): Record<string, unknown> => {
    files.set(`blobs/sha256/${sha256(bytes)}`, Buffer.from(bytes));
    return { mediaType, digest: `sha256:${sha256(bytes)}`, size: bytes.length };
  };
  const manifest = {
    schemaVersion: 2,
    config: blob("application/vnd.oci.image.config.v1+json", config(layers, fields)),
    layers: layers.map((layer) => blob("application/vnd.oci.image.layer.v1.tar+gzip", pack(layer))),
  };
  files.set("index.json", json({ schemaVersion: 2, manifests: [blob("application/vnd.oci.image.manifest.v1+json", json(manifest))] }));
  return files;
}

/** The files of what `docker save` writes. */
export function dockerFiles(layers: readonly Uint8Array[], fields: ConfigFields = {}): Map<string, Buffer> {
  const bytes = config(layers, fields);
  const names = layers.map((_, i) => `${i}/layer.tar`);
  return new Map([
    [`${sha256(bytes)}.json`, bytes],
    ...layers.map((layer, i): [string, Buffer] => [names[i] ?? "", Buffer.from(layer)]),
    ["manifest.json", json([{ Config: `${sha256(bytes)}.json`, RepoTags: ["app:1"], Layers: names }])],
  ]);
}

/** The files as one archive. */
export function archive(files: ReadonlyMap<string, Uint8Array>): Buffer {
  return tar([...files].map(([name, data]) => ({ name, data })));
}

/** Go's name of this machine's processor. */
export const ARCHITECTURE: string = process.arch === "arm64" ? "arm64" : "amd64";
