import { ImageError } from "../errors.ts";
import { EIF_LAYOUT } from "./layout.ts";

/** What the metadata section says of a build. Nothing measures it: it is a label, not a claim. */
export interface EifMetadata {
  imageName: string;
  imageVersion: string;
  buildTime: string;
  buildTool: string;
  buildToolVersion: string;
  operatingSystem: string;
  kernelVersion: string;
}

/** The build time of every image of ours: it is not measured, and a fixed one keeps two builds byte-identical. */
export const FIXED_BUILD_TIME = "1970-01-01T00:00:00Z";

/** Write the metadata section: UTF-8 JSON in nitro-cli's spelling with an empty DockerInfo. */
export function encodeMetadata(metadata: EifMetadata): Uint8Array {
  return new TextEncoder().encode(
    JSON.stringify({
      ImageName: metadata.imageName,
      ImageVersion: metadata.imageVersion,
      BuildMetadata: {
        BuildTime: metadata.buildTime,
        BuildTool: metadata.buildTool,
        BuildToolVersion: metadata.buildToolVersion,
        OperatingSystem: metadata.operatingSystem,
        KernelVersion: metadata.kernelVersion,
      },
      DockerInfo: {},
      CustomMetadata: null,
    }),
  );
}

/**
 * Parse a metadata section of at most 64 KiB.
 * @throws ImageError `eif-metadata` when it is not JSON with the fields that version 4 requires.
 */
export function parseMetadata(bytes: Uint8Array): EifMetadata {
  if (bytes.length > EIF_LAYOUT.maxMetadataBytes) throw new ImageError("eif-metadata", `${bytes.length} bytes`);
  const root = objectOf(parseJson(bytes), "the section");
  const build = objectOf(root["BuildMetadata"], "BuildMetadata");
  objectOf(root["DockerInfo"], "DockerInfo");
  if (root["CustomMetadata"] !== undefined && root["CustomMetadata"] !== null) objectOf(root["CustomMetadata"], "CustomMetadata");
  const buildTime = textOf(build, "BuildTime");
  if (!RFC_3339.test(buildTime)) throw new ImageError("eif-metadata", "BuildTime is not an RFC 3339 time");
  return {
    imageName: textOf(root, "ImageName"),
    imageVersion: textOf(root, "ImageVersion"),
    buildTime,
    buildTool: textOf(build, "BuildTool"),
    buildToolVersion: textOf(build, "BuildToolVersion"),
    operatingSystem: textOf(build, "OperatingSystem"),
    kernelVersion: textOf(build, "KernelVersion"),
  };
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch {
    throw new ImageError("eif-metadata", "not UTF-8 JSON");
  }
}

function objectOf(value: unknown, what: string): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new ImageError("eif-metadata", `${what} is not an object`);
  return value as Record<string, unknown>;
}

function textOf(record: Record<string, unknown>, key: string): string {
  const value = record[key];
  if (typeof value !== "string") throw new ImageError("eif-metadata", `${key} is not a text`);
  return value;
}

const RFC_3339 = /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$/;
