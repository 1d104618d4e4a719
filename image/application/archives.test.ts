import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, expect, it } from "vitest";
import { debianArchives } from "./archives.ts";

const folder = mkdtempSync(path.join(tmpdir(), "caladrius-apt-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it("reads the archives of apt in both forms, each once", async () => {
  expect(await debianArchives(path.join(folder, "absent"))).toEqual([]);
  mkdirSync(path.join(folder, "sources.list.d"));
  writeFileSync(
    path.join(folder, "sources.list"),
    "# deb https://comment.example/debian x main\ndeb [signed-by=/k arch=amd64] https://one.example/debian bookworm main\ndeb-src https://source.example/debian x main\ndeb cdrom:[x]/ bookworm main\n",
  );
  writeFileSync(
    path.join(folder, "sources.list.d/b.sources"),
    "Types: deb\nURIs: http://two.example/debian/ https://one.example/debian\nSuites: x\n# URIs: https://no.example/\n",
  );
  writeFileSync(path.join(folder, "sources.list.d/a.list"), "deb http://three.example/debian-security x main\n");
  expect(await debianArchives(folder)).toEqual([
    "https://one.example/debian/",
    "http://three.example/debian-security/",
    "http://two.example/debian/",
  ]);
});
