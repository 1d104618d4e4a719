import { execFileSync } from "node:child_process";
import { lstatSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { applicationRamdisk } from "./application.ts";
import { bootRamdisk } from "./boot.ts";
import type { CpioEntry } from "./entry.ts";
import { directory, file } from "./entry.ts";
import { readCpio } from "./read.ts";
import { writeCpio } from "./write.ts";

const bytes = (length: number): Uint8Array => Buffer.alloc(length, "0123456789");
const link = (name: string, target: string): CpioEntry => ({ kind: "symlink", path: name, mode: 0o777, data: Buffer.from(target) });

describe.skipIf(!hasGnuCpio())("GNU cpio (needs cpio)", () => {
  it("reads back the same files, modes and contents", () => {
    const rootfs = [
      ...[0, 1, 2, 3, 4, 5, 511, 512, 513, 70_000].map((length) => file(`sizes/${length}`, bytes(length))),
      file("usr/bin/program", bytes(9), 0o755),
      { ...file("secret", bytes(3)), mode: 0o400 },
      { ...directory("usr"), mode: 0o711 },
      file("Grüße/ 雪 .txt", bytes(1)),
      file(`long/${"n".repeat(255)}`, bytes(2)),
      link("lib", "usr/lib"),
      link("away", "/../../etc/passwd"),
    ];
    sameAfterUnpacking(applicationRamdisk({ rootfs, cmd: ["/usr/bin/program", "a b"], env: ["A=1"] }));
    sameAfterUnpacking(bootRamdisk(bytes(1001), bytes(7)));
  });

  it("reads back whatever is written", () => {
    const name = fc.stringMatching(/^[a-zß-ÿ0-9 _-]{1,20}$/);
    const entry = fc.record({
      name,
      size: fc.nat(40),
      mode: fc.constantFrom(0o644, 0o755, 0o600, 0o444),
      kind: fc.constantFrom("file", "file", "symlink"),
    });
    fc.assert(
      fc.property(fc.uniqueArray(entry, { selector: ({ name }) => name, maxLength: 6 }), (entries) => {
        const all = entries.map(({ name, size, mode, kind }) =>
          kind === "file" ? { ...file(`d/${name}`, bytes(size)), mode } : link(`d/${name}`, `x${size}`),
        );
        sameAfterUnpacking(writeCpio([directory("d"), ...all]));
      }),
      { numRuns: 10 },
    );
  });

  it("sees owner 0, time 0 and counted inodes", () => {
    const listing = execFileSync("cpio", ["-itv", "--numeric-uid-gid", "--quiet"], {
      input: bootRamdisk(bytes(5), null),
      env: { TZ: "UTC", LC_ALL: "C" },
    });
    expect(listing.toString().replaceAll(/ +/g, " ")).toBe("drwxr-xr-x 2 0 0 0 Jan 1 1970 dev\n-rwxr-xr-x 1 0 0 5 Jan 1 1970 init\n");
  });
});

describe("ramdisks end to end", () => {
  it("begin where a loader that adds no padding puts them", () => {
    fc.assert(
      fc.property(fc.nat(2000), fc.nat(2000), (first, second) => {
        const [boot, application] = [
          bootRamdisk(bytes(first), null),
          applicationRamdisk({ rootfs: [file("a", bytes(second))], cmd: ["/a"], env: [] }),
        ];
        const memory = Buffer.concat([boot, application]);
        expect(archivesIn(memory)).toEqual([0, boot.length]);
      }),
    );
  });
});

/** As the kernel finds archives (init/initramfs.c): from 4-byte boundary to 4-byte boundary, past zeros between them. */
function archivesIn(memory: Buffer): number[] {
  const begins: number[] = [];
  for (let at = 0; at < memory.length;) {
    if (memory.readUInt32LE(at) === 0) {
      at += 4;
      continue;
    }
    begins.push(at);
    for (let name = ""; name !== "TRAILER!!!";) {
      expect(memory.toString("latin1", at, at + 6)).toBe("070701");
      const field = (index: number): number => Number.parseInt(memory.toString("latin1", at + 6 + 8 * index, at + 14 + 8 * index), 16);
      name = memory.toString("utf8", at + 110, at + 110 + field(11) - 1);
      at = align4(align4(at + 110 + field(11)) + field(6));
    }
  }
  return begins;
}

function align4(at: number): number {
  return Math.ceil(at / 4) * 4;
}

function sameAfterUnpacking(archive: Uint8Array): void {
  const folder = mkdtempSync(path.join(tmpdir(), "gnu-cpio-"));
  try {
    const said = execFileSync("cpio", ["-id", "--no-absolute-filenames", "--quiet"], {
      cwd: folder,
      input: archive,
      stdio: ["pipe", "pipe", "pipe"],
    });
    expect(said.toString()).toBe("");
    const found = readdirSync(folder, { recursive: true, encoding: "utf8" }).map((name) => {
      const place = path.join(folder, name);
      const stats = lstatSync(place);
      const kind = stats.isDirectory() ? "directory" : stats.isSymbolicLink() ? "symlink" : "file";
      const data = kind === "file" ? readFileSync(place) : Buffer.from(kind === "symlink" ? readlinkSync(place) : "");
      return { kind, path: name, mode: kind === "symlink" ? 0o777 : stats.mode & 0o7777, data: data.toString("latin1") };
    });
    const written = readCpio(archive).map((entry) => ({ ...entry, data: Buffer.from(entry.data).toString("latin1") }));
    expect(found.toSorted(byPath)).toEqual(written.toSorted(byPath));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function byPath(a: { path: string }, b: { path: string }): number {
  return Buffer.compare(Buffer.from(a.path), Buffer.from(b.path));
}

function hasGnuCpio(): boolean {
  try {
    return execFileSync("cpio", ["--version"]).toString().includes("GNU cpio");
  } catch {
    return false;
  }
}
