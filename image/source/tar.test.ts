import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ImageError } from "../errors.ts";
import { readTar } from "./tar.ts";
import { pax, tar, type RawEntry } from "./test-support/archives.ts";

function codeOf(work: () => unknown): unknown {
  try {
    work();
    return "accepted";
  } catch (error) {
    return error instanceof ImageError ? error.code : error;
  }
}

describe("readTar", () => {
  it("reads files, folders, links and what else there is", () => {
    const archive = tar([
      { name: "d/", type: "5", mode: 0o1777 },
      { name: "d/f", data: "content", mode: 0o4755 },
      { name: "s", type: "2", link: "../x" },
      { name: "h", type: "1", link: "d/f" },
      { name: "null", type: "3" },
    ]);
    expect(readTar(archive).map(({ data, ...rest }) => ({ ...rest, data: Buffer.from(data).toString() }))).toEqual([
      { kind: "directory", name: "d/", mode: 0o1777, target: "", data: "" },
      { kind: "file", name: "d/f", mode: 0o4755, target: "", data: "content" },
      { kind: "symlink", name: "s", mode: 0o644, target: "../x", data: "" },
      { kind: "hardlink", name: "h", mode: 0o644, target: "d/f", data: "" },
      { kind: "special", name: "null", mode: 0o644, target: "a character device", data: "" },
    ]);
  });

  it("takes names from the prefix, from pax and from GNU's entries", () => {
    const long = "x/".repeat(120) + "y";
    const archive = tar([
      { name: "f", prefix: "pre/fix" },
      { name: "f", prefix: "ignored by GNU", magic: "ustar  \0" },
      pax({ path: "ü", linkpath: "ziel/ü", mtime: "1.5", "SCHILY.xattr.user.x": "\u0001" }),
      { name: "short", type: "2", link: "short" },
      { name: "././@LongLink", type: "L", data: `${long}\0` },
      { name: "././@LongLink", type: "K", data: `${long}z\0` },
      { name: "short", type: "2", link: "short" },
      pax({ comment: "of git archive" }, "g"),
      { name: "after" },
    ]);
    expect(readTar(archive).map(({ name, target }) => [name, target])).toEqual([
      ["pre/fix/f", ""],
      ["f", ""],
      ["ü", "ziel/ü"],
      [long, `${long}z`],
      ["after", ""],
    ]);
  });

  it("takes a size from pax, and one in base 256", () => {
    const [meta, entry] = [pax({ size: "3" }), { name: "f", data: "abc", size: 0 }];
    expect(Buffer.from(readTar(tar([meta, entry]))[0]?.data ?? []).toString()).toBe("abc");
    const archive = tar([{ name: "f", data: "abc" }]);
    archive.fill(0, 124, 136).writeUInt8(0x80, 124);
    archive.writeUInt8(3, 135);
    refreshChecksum(archive);
    expect(Buffer.from(readTar(archive)[0]?.data ?? []).toString()).toBe("abc");
  });

  it.each<[string, string, Uint8Array]>([
    ["nothing", "tar-truncated", new Uint8Array(0)],
    ["one closing block", "tar-truncated", tar([{ name: "f" }], new Uint8Array(512))],
    ["no closing block", "tar-truncated", tar([{ name: "f", data: "x".repeat(2000) }], new Uint8Array(0))],
    ["a cut file", "tar-truncated", tar([{ name: "f", size: 5000 }])],
    ["a second archive", "tar-trailing-bytes", Buffer.concat([tar([]), tar([{ name: "f" }])])],
    ["bytes after the end", "tar-trailing-bytes", tar([], Buffer.concat([Buffer.alloc(1024), Buffer.from("x")]))],
    ["another checksum", "tar-header", spoilt(0, 0x41)],
    ["no magic", "tar-header", tar([{ name: "f", magic: "" }])],
    ["a sparse file", "tar-header", tar([{ name: "f", type: "S" }])],
    ["a pax sparse file", "tar-header", tar([pax({ "GNU.sparse.major": "1" }), { name: "f" }])],
    ["another character set", "tar-header", tar([pax({ hdrcharset: "BINARY" }), { name: "f" }])],
    ["a name for all entries", "tar-header", tar([pax({ path: "g" }, "g"), { name: "f" }])],
    ["a name said twice", "tar-header", tar([pax({ path: "a" }), { name: "L", type: "L", data: "b\0" }, { name: "f" }])],
    ["two pax headers", "tar-header", tar([pax({ path: "a" }), pax({ path: "b" }), { name: "f" }])],
    ["a pax key twice", "tar-header", tar([{ name: "x", type: "x", data: "8 path=a\n8 path=b\n".replaceAll("8", "9") }, { name: "f" }])],
    ["a pax record of another length", "tar-header", tar([{ name: "x", type: "x", data: "11 path=a\n" }, { name: "f" }])],
    ["a pax record without equals", "tar-header", tar([{ name: "x", type: "x", data: "7 path\n" }, { name: "f" }])],
    ["a pax name with a NUL", "tar-header", tar([pax({ path: "a\0b" }), { name: "f" }])],
    ["an empty pax name", "tar-header", tar([pax({ path: "" }), { name: "f" }])],
    ["a pax size that is negative", "tar-header", tar([pax({ size: "-1" }), { name: "f" }])],
    ["a pax header of nothing", "tar-header", tar([pax({ path: "a" })])],
    ["a long name without end", "tar-header", tar([{ name: "L", type: "L", data: "abc" }, { name: "f" }])],
    ["a folder with content", "tar-header", tar([{ name: "d/", type: "5", data: "x" }])],
    ["a link with content", "tar-header", tar([{ name: "l", type: "2", link: "x", data: "x" }])],
    ["a size that is not octal", "tar-header", spoilt(124, 0x39)],
    ["a size without bounds", "tar-header", spoilt(124, 0x80, 125, 0x7f)],
    ["a name that is not UTF-8", "tar-header", spoilt(0, 0xff)],
  ])("refuses %s: %s", (_what, code, archive) => {
    expect(codeOf(() => readTar(archive))).toBe(code);
  });

  it("is read or refused by code, whatever the bytes", () => {
    const whole = tar([
      pax({ path: "long" }),
      { name: "a", data: "content" },
      { name: "l", type: "2", link: "a" },
      { name: "d/", type: "5" },
    ]);
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        fc.boolean(),
        fc.nat(whole.length),
        (changes, repaired, length) => {
          const copy = Buffer.from(whole);
          for (const [at, value] of changes) copy[at] = value;
          if (repaired) for (let at = 0; at < copy.length; at += 512) refreshChecksum(copy, at);
          expect(codeOf(() => readTar(copy.subarray(0, length)))).toMatch(/^(accepted|tar-.*)$/);
        },
      ),
    );
  });

  it.skipIf(!hasTar()).each(["gnu", "pax", "ustar"])("reads what GNU tar writes as %s (needs tar)", (format) => {
    const folder = mkdtempSync(path.join(tmpdir(), "tar-test-"));
    try {
      const deep = `${"folder/".repeat(12)}${"n".repeat(90)}`;
      mkdirSync(path.join(folder, path.dirname(deep)), { recursive: true });
      writeFileSync(path.join(folder, deep), "content", { mode: 0o640 });
      symlinkSync("folder/x", path.join(folder, "link"));
      const archive = execFileSync("tar", [`--format=${format}`, "--sort=name", "-C", folder, "-cf", "-", "."]);
      const entries = readTar(archive);
      expect(entries.map(({ kind, name }) => `${kind} ${name}`).slice(-2)).toEqual([`file ./${deep}`, "symlink ./link"]);
      expect(Buffer.from(entries.at(-2)?.data ?? []).toString()).toBe("content");
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

/** One file, with bytes of its header changed and the checksum repaired unless the name is. */
function spoilt(...changes: number[]): Buffer {
  const entry: RawEntry = { name: "f", data: "x" };
  const archive = tar([entry]);
  for (let i = 0; i < changes.length; i += 2) archive[changes[i] ?? 0] = changes[i + 1] ?? 0;
  if (changes[1] !== 0x41) refreshChecksum(archive);
  return archive;
}

function refreshChecksum(archive: Buffer, at = 0): void {
  const header = archive.subarray(at, at + 512);
  if (header.length < 512) return;
  header.fill(0x20, 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
}

function hasTar(): boolean {
  try {
    return execFileSync("tar", ["--version"]).toString().includes("GNU tar");
  } catch {
    return false;
  }
}
