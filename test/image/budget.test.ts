import { gzipSync } from "node:zlib";
import type { Image } from "@caladrius/image";
import { testImage } from "@caladrius/test/support";
import { beforeAll, describe, expect, it } from "vitest";

const MB = 1e6;
/** A compressed kernel gains nothing more from gzip; AWS's and our own are below this. */
const KERNEL_BYTES = 8 * MB;
const FAST_LEVEL = 4;

let image: Image;
beforeAll(async () => {
  image = await testImage();
});

describe("the image's size", () => {
  it("is at most 150 MB for the application ramdisk", () => {
    expect(image.applicationRamdisk.length).toBeLessThanOrEqual(150 * MB);
  });

  it("is at most 60 MB for the whole file under gzip, with room for a kernel", () => {
    // A fast level, in a quarter of the time: gzip -9 gives fewer bytes.
    const compressed = gzipSync(image.eif, { level: FAST_LEVEL });
    expect(compressed.length + KERNEL_BYTES).toBeLessThanOrEqual(60 * MB);
  });

  it("is below 3 MB for the program, which is not minified", () => {
    const program = image.manifest.files.find(({ path }) => path === "/app/enclave.mjs");
    expect(program?.bytes).toBeGreaterThan(0);
    expect(program?.bytes).toBeLessThan(3 * MB);
  });
});
