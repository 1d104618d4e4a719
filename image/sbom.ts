import { createHash } from "node:crypto";
import { ImageError } from "./errors.ts";
import { openArchive, type ArchiveEntry } from "./explain/archive.ts";
import { openManifest, type OpenManifest } from "./explain/manifest.ts";
import { openImage, placed, type OpenImage } from "./explain/open.ts";
import { kernelVersionOf } from "./explain/kernel.ts";
import { parseOrigin, type Origin } from "./explain/origin.ts";

/**
 * The bill of materials of an image of ours as CycloneDX 1.6 JSON: npm packages, Debian libraries, Node, the program's
 * own source, kernel and boot ramdisk, with SHA-256.
 *
 * It comes from the manifest in the image, which is first held against the image's files. The same image gives the same
 * bytes: no serial number, no time. Licences are not in an image and are left out.
 * @throws ImageError `eif-…`; `image-manifest` for an image without a manifest, or with one that is not true
 */
export function sbomOf(bytes: Uint8Array): string {
  const image = openImage(bytes);
  const [fault] = image.faults;
  if (fault !== undefined) throw new ImageError("image-manifest", `the image is not whole: ${fault}`);
  const ramdisks = image.ramdisks.map((data) => openArchive(placed(image, data)));
  const manifest = openManifest(ramdisks);
  if (manifest.facts.status !== "read") throw new ImageError("image-manifest", MISSING[manifest.facts.status]);
  const [untrue] = manifest.facts.faults;
  if (untrue !== undefined) throw new ImageError("image-manifest", untrue);
  const packages = packagesOf(manifest);
  const components = [...bootComponents(image, ramdisks[0]?.entries ?? []), ...packages.map(componentOf)];
  return `${JSON.stringify(
    {
      $schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
      bomFormat: "CycloneDX",
      specVersion: "1.6",
      version: 1,
      metadata: { component: rootOf(image) },
      components,
      dependencies: [
        { ref: ROOT, dependsOn: components.map((component) => component["bom-ref"]).toSorted() },
        ...components.map((component) => ({ ref: component["bom-ref"] })).toSorted((a, b) => (a.ref < b.ref ? -1 : 1)),
      ],
    },
    null,
    2,
  )}\n`;
}

interface Listed {
  path: string;
  sha256: string;
  part: "image" | "bundle";
}

interface Package extends Origin {
  files: Listed[];
}

interface Component {
  "bom-ref": string;
  type: "application" | "library" | "operating-system" | "file" | "firmware";
  group?: string;
  name: string;
  version?: string;
  hashes?: { alg: "SHA-256" | "SHA-384"; content: string }[];
  purl?: string;
  cpe?: string;
  properties?: { name: string; value: string }[];
  components?: Component[];
}

function rootOf(image: OpenImage): Component {
  const hash = (algorithm: string): string => createHash(algorithm).update(image.bytes).digest("hex");
  const pcrs = [...image.pcrs].flatMap(([index, value]) =>
    value === null || /^0+$/.test(value) ? [] : [{ name: `caladrius:pcr${index}`, value }],
  );
  return {
    "bom-ref": ROOT,
    type: "firmware",
    name: "caladrius",
    hashes: [
      { alg: "SHA-256", content: hash("sha256") },
      { alg: "SHA-384", content: hash("sha384") },
    ],
    properties: [{ name: "caladrius:architecture", value: image.architecture }, ...pcrs],
  };
}

function bootComponents(image: OpenImage, boot: readonly ArchiveEntry[]): Component[] {
  const version = kernelVersionOf(image.kernel)?.split(" ")[0];
  const kernel: Component = {
    "bom-ref": "boot:kernel",
    type: "operating-system",
    name: "linux",
    ...(version === undefined ? {} : { version }),
    hashes: sha256(image.kernel),
  };
  const files = boot.filter(({ content, path }) => content.length > 0 && path !== "TRAILER!!!");
  return [
    kernel,
    ...files.map(({ path, content }): Component => ({ "bom-ref": `boot:${path}`, type: "file", name: path, hashes: sha256(content) })),
  ];
}

/** Files by the package and version that they are from. */
function packagesOf({ files, bundleInputs }: OpenManifest): Package[] {
  const packages = new Map<string, Package>();
  const add = (list: OpenManifest["files"], part: Listed["part"]): void => {
    for (const { path, sha256, origin } of list) {
      const one = packages.get(origin) ?? { ...parseOrigin(origin), files: [] };
      one.files.push({ path, sha256, part });
      packages.set(origin, one);
    }
  };
  add(files, "image");
  add(bundleInputs, "bundle");
  return [...packages].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one);
}

function componentOf(one: Package): Component {
  const { kind, name, version, files } = one;
  const scoped = /^@([^/]+)\/(.+)$/.exec(name);
  const purl = purlOf(one);
  const node = /^node-linux-(?:x64|arm64)$/.test(name) && kind === "npm";
  const ref = purl ?? `${kind}:${name}`;
  return {
    "bom-ref": ref,
    type: kind === "bundle" || kind === "source" || node ? "application" : "library",
    ...(kind === "npm" && scoped !== null ? { group: `@${scoped[1] ?? ""}`, name: scoped[2] ?? "" } : { name }),
    ...(version === null ? {} : { version }),
    ...(purl === null ? {} : { purl }),
    // The package holds the Node of that version, which is what advisories name.
    ...(node && version !== null ? { cpe: `cpe:2.3:a:nodejs:node.js:${version}:*:*:*:*:*:*:*` } : {}),
    components: files
      .toSorted((a, b) => (a.path < b.path ? -1 : 1))
      .map(({ path, sha256, part }) => ({
        "bom-ref": `${ref}#${path}`,
        type: "file",
        name: path,
        hashes: [{ alg: "SHA-256", content: sha256 }],
        properties: [{ name: "caladrius:in", value: part }],
      })),
  };
}

/** A package URL (ECMA-427); null for what no registry has. */
function purlOf({ kind, name, version, architecture }: Origin): string | null {
  const escape = (text: string): string => encodeURIComponent(Buffer.from(text).toString()).replaceAll("%3A", ":");
  if (version === null) return null;
  if (kind === "npm") return `pkg:npm/${name.split("/").map(escape).join("/")}@${escape(version)}`;
  if (kind === "debian")
    return `pkg:deb/debian/${escape(name)}@${escape(version)}${architecture === null ? "" : `?arch=${escape(architecture)}`}`;
  return null;
}

function sha256(data: Uint8Array): Component["hashes"] & object {
  return [{ alg: "SHA-256", content: createHash("sha256").update(data).digest("hex") }];
}

const MISSING = {
  none: "there is no /app/manifest.json, which images from elsewhere have not",
  unreadable: "/app/manifest.json cannot be read",
} as const;
const ROOT = "image";
