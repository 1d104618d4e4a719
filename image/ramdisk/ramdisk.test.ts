import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ImageError } from "../errors.ts";
import { applicationRamdisk, parseLines } from "./application.ts";
import { bootRamdisk } from "./boot.ts";
import type { CpioEntry } from "./entry.ts";
import { directory, file } from "./entry.ts";
import { readCpio } from "./read.ts";
import { writeCpio } from "./write.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const link = (path: string, target: string): CpioEntry => ({ kind: "symlink", path, mode: 0o777, data: bytes(target) });

function codeOf(work: () => unknown): unknown {
  try {
    work();
    return "accepted";
  } catch (error) {
    return error instanceof ImageError ? error.code : error;
  }
}

function pad(text: string): string {
  return text + "\0".repeat((4 - (text.length % 4)) % 4);
}

/** An archive as someone else might write it: fields by index (0 inode, 1 mode, 4 nlink, 6 filesize, 11 namesize, 12 check). */
function foreign(
  records: { name: string; data?: string; fields?: Readonly<Record<number, number>>; magic?: string }[],
  end = "",
  trailer = true,
): Uint8Array {
  let archive = "";
  for (const { name, data = "", fields = {}, magic = "070701" } of [
    ...records,
    ...(trailer ? [{ name: "TRAILER!!!", fields: { 1: 0 } }] : []),
  ]) {
    const values = [7, 0o100644, 1000, 1000, 1, 1_492_533_000, data.length, 3, 1, 0, 0, name.length + 1, 0];
    for (const [index, value] of Object.entries(fields)) values[Number(index)] = value;
    archive += pad(`${magic}${values.map((v) => v.toString(16).padStart(8, "0")).join("")}${name}\0`) + pad(data);
  }
  return Buffer.from(archive + end, "latin1");
}

describe("cpio", () => {
  it("writes sorted entries with fixed owner, time and inodes, padded to 512", () => {
    const archive = Buffer.from(writeCpio([file("b", bytes("12345")), directory("a"), file("a/x", bytes("")), link("l", "b")]));
    expect(archive.length % 512).toBe(0);
    expect(archive.toString("latin1", 0, 112)).toBe(
      "070701000002d1000041ed0000000000000000000000020000000000000000000000000000000000000000000000000000000200000000a\0",
    );
    expect(readCpio(archive).map((e) => `${e.kind} ${e.path} ${e.mode.toString(8)} ${e.data.length}`)).toEqual([
      "directory a 755 0",
      "file a/x 644 0",
      "file b 644 5",
      "symlink l 777 1",
    ]);
  });

  it("does not depend on the order of entries, and reads back what it wrote", () => {
    const name = fc.stringMatching(/^[a-zà-ü0-9 .-]{1,12}$/).filter((n) => n !== "." && n !== "..");
    const entries = fc.uniqueArray(fc.record({ name, data: fc.uint8Array({ maxLength: 40 }), wide: fc.boolean() }), {
      selector: (e) => e.name,
      maxLength: 8,
    });
    fc.assert(
      fc.property(entries, (list) => {
        const all = [directory("folder"), ...list.map((e) => file(`folder/${e.name}`, e.data, e.wide ? 0o755 : 0o644))];
        const archive = writeCpio(all);
        expect(writeCpio(all.toReversed())).toEqual(archive);
        const back = readCpio(archive);
        expect(new Map(back.map((e) => [e.path, Buffer.from(e.data)]))).toEqual(new Map(all.map((e) => [e.path, Buffer.from(e.data)])));
      }),
      { numRuns: 50 },
    );
  });

  it("reads what others write: unsorted, with owners and times", () => {
    expect(
      readCpio(foreign([{ name: "z", data: "abc" }, { name: "a", fields: { 1: 0o040755, 4: 2 } }, { name: "a/b" }])).map((e) => e.path),
    ).toEqual(["z", "a", "a/b"]);
  });

  it.each<[string, string, Uint8Array]>([
    ["nothing", "cpio-truncated", new Uint8Array(0)],
    ["no trailer", "cpio-truncated", foreign([{ name: "a" }], "", false)],
    ["a cut file", "cpio-truncated", foreign([{ name: "a", fields: { 6: 999_999 } }])],
    ["another magic", "cpio-header", foreign([{ name: "a", magic: "070702" }])],
    ["a checksum", "cpio-header", foreign([{ name: "a", fields: { 12: 1 } }])],
    ["an absolute path", "cpio-path", foreign([{ name: "/etc/passwd" }])],
    ["a path upwards", "cpio-path", foreign([{ name: "a", fields: { 1: 0o040755 } }, { name: "a/../../b" }])],
    ["a dot", "cpio-path", foreign([{ name: "./a" }])],
    ["an empty name", "cpio-path", foreign([{ name: "" }])],
    ["a name of no bytes", "cpio-path", foreign([{ name: "", fields: { 11: 0 } }])],
    ["a NUL in a name", "cpio-path", foreign([{ name: "a\0b" }])],
    ["a name that is not UTF-8", "cpio-path", foreign([{ name: "a\xff" }])],
    ["a name without end", "cpio-path", foreign([{ name: "ab", fields: { 11: 2 } }])],
    ["one path twice", "cpio-duplicate", foreign([{ name: "a" }, { name: "a" }])],
    ["a missing parent", "cpio-parent", foreign([{ name: "a/b" }])],
    ["a file below a symbolic link", "cpio-parent", foreign([{ name: "a", data: "/etc", fields: { 1: 0o120777 } }, { name: "a/b" }])],
    ["a device", "cpio-kind", foreign([{ name: "a", fields: { 1: 0o020666 } }])],
    ["a socket", "cpio-kind", foreign([{ name: "a", fields: { 1: 0o140666 } }])],
    ["a pipe", "cpio-kind", foreign([{ name: "a", fields: { 1: 0o010666 } }])],
    ["setuid", "cpio-mode", foreign([{ name: "a", fields: { 1: 0o104755 } }])],
    ["a hard link", "cpio-mode", foreign([{ name: "a", fields: { 4: 2 } }])],
    ["bytes after the trailer", "cpio-trailing-bytes", foreign([{ name: "a" }], "x")],
    ["a second archive", "cpio-trailing-bytes", Buffer.concat([foreign([{ name: "a" }]), foreign([{ name: "b" }])])],
  ])("refuses %s: %s", (_what, code, archive) => {
    expect(codeOf(() => readCpio(archive))).toBe(code);
  });

  it.each<[string, string, CpioEntry[]]>([
    ["a path upwards", "cpio-path", [file("../a", bytes(""))]],
    ["the trailer's name", "cpio-path", [file("TRAILER!!!", bytes(""))]],
    ["a lone surrogate", "cpio-path", [file("\ud800", bytes(""))]],
    ["one path twice", "cpio-duplicate", [file("a", bytes("")), directory("a")]],
    ["a missing parent", "cpio-parent", [file("a/b", bytes(""))]],
    ["setuid", "cpio-mode", [{ ...file("a", bytes("")), mode: 0o4755 }]],
  ])("does not write %s: %s", (_what, code, entries) => {
    expect(codeOf(() => writeCpio(entries))).toBe(code);
  });

  it("is read or refused by code, whatever the bytes", () => {
    const whole = writeCpio([directory("a"), file("a/x", bytes("content")), link("l", "a")]);
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        fc.nat(whole.length),
        (changes, length) => {
          const copy = Uint8Array.from(whole);
          for (const [at, value] of changes) copy[at] = value;
          expect(codeOf(() => readCpio(copy.subarray(0, length)))).toMatch(/^(accepted|cpio-.*)$/);
        },
      ),
    );
  });
});

describe("the two ramdisks", () => {
  it("boot holds dev, init and nsm.ko in this order", () => {
    expect(readCpio(bootRamdisk(bytes("i"), bytes("m"))).map((e) => `${e.kind} ${e.path} ${e.mode.toString(8)}`)).toEqual([
      "directory dev 755",
      "file init 755",
      "file nsm.ko 755",
    ]);
    expect(readCpio(bootRamdisk(bytes("i"), null)).map((e) => e.path)).toEqual(["dev", "init"]);
  });

  it("application holds rootfs with its parents and mount points, cmd and env", () => {
    const entries = readCpio(
      applicationRamdisk({ rootfs: [file("usr/bin/node", bytes("n"), 0o755)], cmd: ["/usr/bin/node", "a b"], env: ["TZ=UTC"] }),
    );
    const paths = [
      "cmd",
      "env",
      "rootfs",
      ...["dev", "proc", "run", "sys", "tmp", "usr", "usr/bin", "usr/bin/node", "var"].map((p) => `rootfs/${p}`),
    ];
    expect(entries.map((e) => e.path)).toEqual(paths);
    expect(parseLines(entries[0]?.data ?? bytes(""))).toEqual(["/usr/bin/node", "a b"]);
  });

  it("an argument that one line cannot hold is refused", () => {
    for (const argument of ["a\nb", "", "a\0"])
      expect(codeOf(() => applicationRamdisk({ rootfs: [], cmd: [argument], env: [] }))).toBe("argument-newline");
  });
});
