import { execFileSync } from "node:child_process";
import { lstatSync, mkdtempSync, readFileSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, it } from "vitest";
import { directory, file } from "./entry.ts";
import { writeCpio } from "./write.ts";

it("unpacks modes as they are, whatever the umask, and below folders that may not be written", () => {
  const place = mkdtempSync(path.join(tmpdir(), "unpack-test-"));
  try {
    const entries = [
      { ...directory("closed"), mode: 0o555 },
      { ...directory("open"), mode: 0o777 },
      file("closed/program", Buffer.from("p"), 0o755),
      { ...file("open/all", Buffer.from("a")), mode: 0o666 },
      { kind: "symlink" as const, path: "link", mode: 0o777, data: Buffer.from("/nowhere") },
    ];
    writeFileSync(path.join(place, "archive"), writeCpio(entries));
    const module = (name: string): string => JSON.stringify(path.join(import.meta.dirname, name));
    const script = `
      import { readFileSync } from "node:fs";
      import { readCpio } from ${module("read.ts")};
      import { unpackEntries } from ${module("unpack.ts")};
      await unpackEntries(readCpio(readFileSync("archive")), ".");`;
    const words = ["-c", 'umask 077; exec "$@"', "sh", process.execPath, "--input-type=module", "-e", script];
    execFileSync("sh", words, { cwd: place, stdio: "pipe" });
    const modeOf = (name: string): string => (lstatSync(path.join(place, name)).mode & 0o777).toString(8);
    expect(["closed", "open", "closed/program", "open/all"].map(modeOf)).toEqual(["555", "777", "755", "666"]);
    expect([readFileSync(path.join(place, "closed/program"), "utf8"), readlinkSync(path.join(place, "link"))]).toEqual(["p", "/nowhere"]);
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
});
