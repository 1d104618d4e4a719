import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ImageError } from "../errors.ts";
import { applicationRamdisk } from "../ramdisk/application.ts";
import { readCpio } from "../ramdisk/read.ts";
import { applyLayer } from "./layer.ts";
import { readTar } from "./tar.ts";
import { pax, tar, type RawEntry } from "./test-support/archives.ts";
import { Tree } from "./tree.ts";

function apply(...layers: RawEntry[][]): string[] {
  const tree = new Tree();
  for (const layer of layers) applyLayer(tree, readTar(tar(layer)));
  return tree
    .entries(2 ** 20)
    .map(({ kind, path, data }) =>
      kind === "directory" ? `${path}/` : `${path}${kind === "symlink" ? " -> " : " = "}${Buffer.from(data).toString()}`,
    )
    .toSorted();
}

function codeOf(work: () => unknown): unknown {
  try {
    work();
    return "accepted";
  } catch (error) {
    return error instanceof ImageError ? error.code : error;
  }
}

const folder = (name: string, mode = 0o755): RawEntry => ({ name, type: "5", mode });
const file = (name: string, data = "", mode = 0o644): RawEntry => ({ name, data, mode });
const link = (name: string, target: string): RawEntry => ({ name, type: "2", link: target });
const hard = (name: string, target: string): RawEntry => ({ name, type: "1", link: target });

describe("applyLayer", () => {
  it("puts layers on each other: the later counts, folders are merged", () => {
    expect(apply([folder("./"), folder("d/"), file("d/a", "1"), file("d/b", "1")], [file("./d/a", "2"), file("new/deep/c", "3")])).toEqual([
      "d/",
      "d/a = 2",
      "d/b = 1",
      "new/",
      "new/deep/",
      "new/deep/c = 3",
    ]);
    expect(apply([file("a", "1"), file("a", "2")])).toEqual(["a = 2"]);
    expect(apply([file("a/b")], [file("a", "now a file")])).toEqual(["a = now a file"]);
    expect(apply([file("a")], [folder("a/"), file("a/b")])).toEqual(["a/", "a/b = "]);
    expect(apply([folder("d", 0o700)], [folder("d")]).length).toBe(1);
  });

  it("takes away what a whiteout names, of lower layers alone and whatever the order", () => {
    expect(apply([file("a"), file("d/x"), file("d/y")], [file(".wh.a"), file("d/.wh.x")])).toEqual(["d/", "d/y = "]);
    for (const upper of [
      [file("d/.wh..wh..opq"), file("d/new")],
      [file("d/new"), file("d/.wh..wh..opq")],
    ])
      expect(apply([file("d/old"), file("d/sub/old")], upper)).toEqual(["d/", "d/new = "]);
    expect(apply([file("d/sub/old")], [file("d/sub/new"), file("d/.wh..wh..opq"), file(".wh.d")])).toEqual([
      "d/",
      "d/sub/",
      "d/sub/new = ",
    ]);
    expect(apply([file("a", "1")], [file("a", "2"), file(".wh.a")])).toEqual(["a = 2"]);
    expect(apply([file("a")], [file(".wh.b"), file("none/.wh.c"), file("none/.wh..wh..opq")])).toEqual(["a = "]);
  });

  it("hides nothing behind a link that its layer replaces by a folder", () => {
    expect(apply([file("b/kept"), link("a", "b")], [folder("a/"), file("a/.wh..wh..opq"), file("a/x")])).toEqual([
      "a/",
      "a/x = ",
      "b/",
      "b/kept = ",
    ]);
    expect(apply([file("a")], [folder("a/"), file("a/.wh..wh..opq")])).toEqual(["a/"]);
  });

  it("follows links as a process in that root would, and never out of it", () => {
    const lower = [
      folder("usr/lib/"),
      link("lib", "usr/lib"),
      link("up", "../../../.."),
      link("root", "/usr/lib"),
      link("made", "later/on"),
    ];
    expect(apply(lower, [file("lib/a"), file("up/b"), file("root/c"), file("made/d")])).toEqual([
      "b = ",
      "later/",
      "later/on/",
      "later/on/d = ",
      "lib -> usr/lib",
      "made -> later/on",
      "root -> /usr/lib",
      "up -> ../../../..",
      "usr/",
      "usr/lib/",
      "usr/lib/a = ",
      "usr/lib/c = ",
    ]);
    expect(apply([link("l", "/etc/passwd")], [file("l", "over the link")])).toEqual(["l = over the link"]);
  });

  it("makes hard links copies of what they name at that moment", () => {
    expect(
      apply([file("a", "1"), hard("b", "a"), hard("c", "./b"), file("a", "2")], [hard("d", "a"), link("s", "a"), hard("t", "s")]),
    ).toEqual(["a = 2", "b = 1", "c = 1", "d = 2", "s -> a", "t -> a"]);
  });

  it.each<[string, string, RawEntry[][]]>([
    ["an absolute name", "layer-path", [[file("/etc/passwd")]]],
    ["a name upwards", "layer-path", [[file("a/../../b")]]],
    ["a name upwards behind ./", "layer-path", [[file("./../b")]]],
    ["a file with a slash at its end", "layer-path", [[file("a/")]]],
    ["a doubled slash", "layer-path", [[file("a//b")]]],
    ["no name", "layer-path", [[file("")]]],
    ["a file as root", "layer-path", [[file("./")]]],
    ["a name without end", "layer-path", [[pax({ path: "a/".repeat(2048) }), folder("")]]],
    ["a link without end", "layer-path", [[pax({ linkpath: "a".repeat(4096) }), link("a", "")]]],
    [
      "a folder below all bounds",
      "cpio-path",
      [
        [pax({ path: "a/".repeat(1500) }), folder(""), pax({ linkpath: "a/".repeat(100) }), link("l", "")],
        [pax({ path: `l/${"b/".repeat(2000)}` }), folder("")],
      ],
    ],
    ["a link to nowhere", "layer-path", [[link("a", "")]]],
    ["a hard link upwards", "layer-path", [[hard("a", "../../etc/shadow")]]],
    ["an absolute hard link", "layer-path", [[hard("a", "/etc/shadow")]]],
    ["a hard link to nothing", "layer-link", [[hard("a", "b")]]],
    ["a hard link to a folder", "layer-link", [[folder("d/"), hard("a", "d")]]],
    ["a hard link to itself", "layer-link", [[hard("a", "a")]]],
    ["what lies below a file", "layer-parent", [[file("a"), file("a/b")]]],
    ["links in a circle", "layer-parent", [[link("a", "b"), link("b", "a")], [file("a/c")]]],
    ["a whiteout of nothing", "layer-whiteout", [[file(".wh.")]]],
    ["a whiteout upwards", "layer-whiteout", [[file("d/.wh...")]]],
    ["a whiteout of its folder", "layer-whiteout", [[file("d/.wh..")]]],
    ["the marks of AUFS", "layer-whiteout", [[file(".wh..wh.plnk")]]],
    ["what lies below a whiteout", "layer-whiteout", [[file(".wh.a/b")]]],
    ["a whiteout that is a folder", "layer-whiteout", [[folder(".wh.a/")]]],
    ["a device", "layer-kind", [[{ name: "dev/null", type: "3" }]]],
    ["a disk", "layer-kind", [[{ name: "dev/sda", type: "4" }]]],
    ["a pipe", "layer-kind", [[{ name: "p", type: "6" }]]],
    ["a hard link to a device", "layer-kind", [[{ name: "n", type: "3" }, hard("m", "n"), file("n")]]],
    ["setuid", "layer-mode", [[file("su", "", 0o4755)]]],
    ["setgid", "layer-mode", [[file("wall", "", 0o2755)]]],
    ["more bytes than are allowed", "source-limit", [[file("a", "x".repeat(2 ** 19)), hard("b", "a"), hard("c", "a")]]],
  ])("refuses %s: %s", (_what, code, layers) => {
    expect(codeOf(() => apply(...layers))).toBe(code);
  });

  it("takes what a later layer has put right, drops the bits of folders, and names all that remains", () => {
    expect(apply([file("su", "", 0o4755), { name: "n", type: "3" }, folder("tmp", 0o1777)], [file("su"), file(".wh.n")])).toEqual([
      "su = ",
      "tmp/",
    ]);
    expect(() => apply([file("b/su", "", 0o4755), file("a/su", "", 0o6755)])).toThrow(/a\/su \(06755\), b\/su \(04755\): remove the bits/);
  });

  it("ends soon when links and whiteouts ask for endless walks", () => {
    const links = Array.from({ length: 40 }, (_, i) => [pax({ linkpath: `${"d/../".repeat(800)}l${i + 1}` }), link(`l${i}`, "")]).flat();
    const tree = new Tree();
    applyLayer(tree, readTar(tar([...links, folder("d"), folder("l40")])));
    const started = process.cpuUsage();
    const many = readTar(tar(Array.from({ length: 1000 }, (_, i) => file(`l0/${i}`))));
    expect(codeOf(() => applyLayer(tree, many))).toBe("source-limit");
    expect(process.cpuUsage(started).user).toBeLessThan(20_000_000);
  });

  it("gives a tree that a ramdisk can hold, or refuses by code, whatever the layers", () => {
    const name = fc
      .array(fc.constantFrom("a", "b", "..", ".", "", ".wh.a", ".wh..wh..opq", "é"), { minLength: 1, maxLength: 3 })
      .map((parts) => parts.join("/"));
    const entry = fc.record({
      name,
      type: fc.constantFrom("0", "0", "0", "1", "2", "5"),
      link: fc.constantFrom("a", "b", "../a", "/b", "a/b", "."),
      mode: fc.constantFrom(0o644, 0o755, 0o1755),
    });
    fc.assert(
      fc.property(fc.array(fc.array(entry, { maxLength: 6 }), { maxLength: 3 }), (layers) => {
        const tree = new Tree();
        const outcome = codeOf(() => {
          for (const layer of layers) applyLayer(tree, readTar(tar(layer)));
          const rootfs = tree.entries(2 ** 20);
          const back = readCpio(applicationRamdisk({ rootfs, cmd: ["/a"], env: [] }));
          expect(back.filter(({ path }) => path.startsWith("rootfs/")).length).toBeGreaterThanOrEqual(rootfs.length);
        });
        expect(outcome).toMatch(/^(accepted|layer-.*)$/);
      }),
      { numRuns: 1000 },
    );
  });
});
