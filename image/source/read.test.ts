import { execFileSync } from "node:child_process";
import { chmodSync, linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { HERE } from "../assemble.ts";
import type { CpioEntry } from "../ramdisk/entry.ts";
import { expand } from "./expand.ts";
import { readSource, type Source } from "./read.ts";
import {
  archive,
  ARCHITECTURE,
  config,
  dockerFiles,
  json,
  ociFiles,
  pax,
  sha256,
  tar,
  type ConfigFields,
} from "./test-support/archives.ts";

let folder: string;
let made = 0;
beforeAll(() => void (folder = mkdtempSync(path.join(tmpdir(), "source-test-"))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const LAYERS = [
  tar([
    { name: "bin/app", data: "one", mode: 0o755 },
    { name: "etc/old", data: "x" },
    { name: "lib", type: "2", link: "usr/lib" },
  ]),
  tar([
    pax({ path: "etc/grüße" }),
    { name: "short", data: "two" },
    { name: "etc/.wh.old" },
    { name: "lib/so", type: "1", link: "bin/app" },
  ]),
];
const OTHER = [tar([{ name: "bin/app", data: "evil", mode: 0o755 }])];
const CONTENT = [
  "bin/ 755",
  "bin/app 755 one",
  "etc/ 755",
  "etc/grüße 644 two",
  "lib 777 usr/lib",
  "usr/ 755",
  "usr/lib/ 755",
  "usr/lib/so 755 one",
];

function listed(rootfs: readonly CpioEntry[]): string[] {
  return rootfs
    .map(({ kind, path: name, mode, data }) =>
      kind === "directory" ? `${name}/ ${mode.toString(8)}` : `${name} ${mode.toString(8)} ${Buffer.from(data).toString()}`,
    )
    .toSorted();
}

/** Reads files as an archive, or laid out in a folder. */
async function read(files: ReadonlyMap<string, Uint8Array> | Uint8Array, laidOut = false): Promise<Source> {
  const place = path.join(folder, String(made++));
  if (!laidOut) writeFileSync(place, files instanceof Uint8Array ? files : archive(files));
  else if (!(files instanceof Uint8Array))
    for (const [name, data] of files) {
      mkdirSync(path.dirname(path.join(place, name)), { recursive: true });
      writeFileSync(path.join(place, name), data);
    }
  return readSource(place, HERE);
}

describe("readSource", () => {
  it.each<[string, () => Promise<Source>, Source["form"]]>([
    ["an OCI archive", () => read(ociFiles(LAYERS)), "oci"],
    ["an OCI layout", () => read(ociFiles(LAYERS), true), "oci"],
    ["an OCI archive with zstd", () => read(ociFiles(LAYERS, {}, (layer) => zstdCompressSync(layer))), "oci"],
    ["an OCI archive of plain layers, packed as a whole", () => read(gzipSync(archive(ociFiles(LAYERS, {}, (layer) => layer)))), "oci"],
    ["a docker save archive", () => read(dockerFiles(LAYERS)), "docker-archive"],
    ["one that is both", () => read(new Map([...dockerFiles(LAYERS), ...ociFiles(LAYERS)])), "oci"],
  ])("reads %s", async (_what, work, form) => {
    const source = await work();
    expect({ ...source, rootfs: listed(source.rootfs) }).toEqual({ form, rootfs: CONTENT, cmd: ["/bin/app"], env: ["A=1"], warnings: [] });
  });

  it("follows the links that docker save writes for equal layers", async () => {
    const layer = LAYERS[0] ?? tar([]);
    const bytes = config([layer, layer]);
    const name = `${sha256(bytes)}.json`;
    const saved = tar([
      { name, data: bytes },
      { name: "one/layer.tar", data: layer },
      { name: "two/layer.tar", type: "2", link: "../one/layer.tar" },
      { name: "manifest.json", data: json([{ Config: name, Layers: ["one/layer.tar", "two/layer.tar"] }]) },
    ]);
    expect(listed((await read(saved)).rootfs)).toContain("bin/app 755 one");
  });

  it("chooses the image of this platform, through nested indexes and past signatures", async () => {
    const files = ociFiles(LAYERS);
    const index = JSON.parse(String(files.get("index.json"))) as { manifests: object[] };
    const [own] = index.manifests;
    const inner = json({
      schemaVersion: 2,
      manifests: [
        { ...own, platform: { os: "linux", architecture: ARCHITECTURE } },
        { ...own, digest: `sha256:${"0".repeat(64)}`, platform: { os: "linux", architecture: "s390x" } },
        { ...own, digest: `sha256:${"1".repeat(64)}`, platform: { os: "unknown", architecture: "unknown" } },
      ],
    });
    files.set(`blobs/sha256/${sha256(inner)}`, inner);
    const type = "application/vnd.oci.image.index.v1+json";
    const outer = { mediaType: type, digest: `sha256:${sha256(inner)}`, size: inner.length };
    files.set(
      "index.json",
      json({ schemaVersion: 2, manifests: [outer, { ...outer, annotations: { "org.opencontainers.image.ref.name": "b" } }] }),
    );
    expect(listed((await read(files)).rootfs)).toEqual(CONTENT);
  });

  it("takes Cmd, and Entrypoint only where there is no Cmd, as nitro-cli does", async () => {
    const programs = ["cmd", "entry"].map((name) => tar([{ name, mode: 0o755 }]));
    const both = await read(ociFiles(programs, { config: { Entrypoint: ["/entry"], Cmd: ["/cmd", "x"], User: "root", WorkingDir: "/" } }));
    expect([both.cmd, both.env]).toEqual([["/cmd", "x"], []]);
    expect(both.warnings).toEqual([expect.stringContaining('Entrypoint ["/entry"] is passed over')]);
    const alone = await read(
      ociFiles(programs, { config: { Entrypoint: ["/entry", "x"], Cmd: null, Env: null, ExposedPorts: { "80/tcp": {} } } }),
    );
    expect([alone.cmd, alone.warnings]).toEqual([["/entry", "x"], []]);
  });

  it.each<[string, string, ConfigFields]>([
    ["a working directory", "source-unsupported", { config: { Cmd: ["a"], WorkingDir: "/app" } }],
    ["a user", "source-unsupported", { config: { Cmd: ["a"], User: "node" } }],
    ["another platform", "source-platform", { architecture: "mips" }],
    ["no command", "source-config", { config: { Env: [] } }],
    ["no configuration", "source-config", { config: null }],
    ["a command that is no list", "source-config", { config: { Cmd: "a" } }],
    ["an argument that is no text", "source-config", { config: { Cmd: [1] } }],
    ["a variable without a value", "source-config", { config: { Cmd: ["a"], Env: ["PATH"] } }],
    ["a layer too many", "source-digest", { diffIds: [`sha256:${sha256(LAYERS[0] ?? tar([]))}`] }],
    ["other layers", "source-digest", { diffIds: [`sha256:${"0".repeat(64)}`, `sha256:${"0".repeat(64)}`] }],
  ])("refuses %s: %s", async (_what, code, fields) => {
    await expect(read(ociFiles(LAYERS, fields))).rejects.toMatchObject({ name: "ImageError", code });
    await expect(read(dockerFiles(LAYERS, fields))).rejects.toMatchObject({ name: "ImageError", code });
  });

  it.each<[string, string, (files: Map<string, Buffer>) => unknown]>([
    ["no index", "source-manifest", (files) => files.delete("index.json")],
    ["another layout version", "source-unsupported", (files) => files.set("oci-layout", json({ imageLayoutVersion: "2.0.0" }))],
    ["another schema version", "source-unsupported", (files) => files.set("index.json", json({ schemaVersion: 1, manifests: [] }))],
    ["an empty index", "source-platform", (files) => files.set("index.json", json({ schemaVersion: 2, manifests: [] }))],
    ["an index that is no JSON", "source-manifest", (files) => files.set("index.json", Buffer.from("{"))],
    ["a missing blob", "source-digest", (files) => files.delete([...files.keys()].find((name) => name.startsWith("blobs/")) ?? "")],
    ["an index without end", "source-manifest", endless],
    ["a path for a digest", "source-manifest", (files) => changeDescriptor(files, { digest: "sha256:../../../../etc/passwd" })],
    ["another size", "source-digest", (files) => changeDescriptor(files, { size: 1 })],
    ["a manifest of another type", "source-unsupported", (files) => changeDescriptor(files, { mediaType: "text/plain" })],
    ["two images", "source-platform", (files) => changeDescriptor(files, {}, { digest: `sha256:${"0".repeat(64)}` })],
    ["an encrypted layer", "source-unsupported", (files) => changeManifest(files, "layer.v1.tar+gzip", "layer.v1.tar+gzip+encrypted")],
    [
      "a layer that lies elsewhere",
      "source-unsupported",
      (files) => changeManifest(files, "layer.v1.tar", "layer.nondistributable.v1.tar"),
    ],
    ["a configuration of another type", "source-unsupported", (files) => changeManifest(files, "oci.image.config", "wasm.config")],
  ])("refuses an OCI layout with %s: %s", async (_what, code, change) => {
    const files = ociFiles(LAYERS);
    change(files);
    await expect(read(files)).rejects.toMatchObject({ name: "ImageError", code });
    await expect(read(files, true)).rejects.toMatchObject({ name: "ImageError", code });
  });

  it("refuses a changed byte in any blob", async () => {
    const files = ociFiles(LAYERS);
    const blobs = [...files.keys()].filter((name) => name.startsWith("blobs/"));
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...blobs), fc.nat(10_000), fc.integer({ min: 1, max: 255 }), async (name, at, change) => {
        const bytes = Buffer.from(files.get(name) ?? []);
        bytes[at % bytes.length] = (bytes[at % bytes.length] ?? 0) ^ change;
        await expect(read(new Map([...files, [name, bytes]]))).rejects.toMatchObject({ code: "source-digest" });
      }),
      { numRuns: 30 },
    );
  });

  it.each<[string, string, (files: Map<string, Buffer>) => unknown]>([
    ["two images", "source-platform", (files) => files.set("manifest.json", json([1, 2].map((i) => ({ Config: String(i).repeat(64) }))))],
    ["a manifest that is no list", "source-manifest", (files) => files.set("manifest.json", json({}))],
    ["a manifest that is no JSON", "source-manifest", (files) => files.set("manifest.json", Buffer.from([0xff]))],
    [
      "a configuration without digest",
      "source-manifest",
      (files) => files.set("manifest.json", json([{ Config: "config.json", Layers: [] }])),
    ],
    ["another configuration", "source-digest", (files) => files.set([...files.keys()][0] ?? "", json({}))],
    ["a missing layer", "source-digest", (files) => files.delete("1/layer.tar")],
    ["a changed layer", "source-digest", (files) => files.set("1/layer.tar", tar([{ name: "other" }]))],
  ])("refuses a docker save archive with %s: %s", async (_what, code, change) => {
    const files = dockerFiles(LAYERS);
    change(files);
    await expect(read(files)).rejects.toMatchObject({ name: "ImageError", code });
  });

  it.each<[string, string, string]>([
    ["/bin/app", "", ""],
    ["bin/app", "", ""],
    ["./bin/app", "", ""],
    ["/sh/app", "", ""], // through a symbolic link
    ["app", "", ""],
    ["tool", "", "which are all that init searches: add it, or name it by its path"],
    ["tool", "PATH=/usr/bin:/opt/bin", "name it /opt/bin/tool"],
    ["/bin/none", "", "is not in the image"],
    ["/bin/none/app", "", "is not in the image"],
    ["/bin/app/x", "", "is not in the image"],
    ["/loop", "", "is not in the image"],
    ["/../../../../../bin/sh", "", "is not in the image"],
    ["/bin", "", "is a folder"],
    ["/bin/text", "", "is not executable (mode 0644): chmod +x"],
    ["/tmp/app", "", "lies below /tmp, which init mounts over"],
  ])("starts %s %s, or says why init cannot: %s", async (word, variable, why) => {
    const layer = tar([
      { name: "bin/app", mode: 0o755 },
      { name: "bin/text" },
      { name: "opt/bin/tool", mode: 0o711 },
      { name: "sh", type: "2", link: "/bin" },
      { name: "loop", type: "2", link: "loop" },
      { name: "tmp/app", mode: 0o755 },
    ]);
    const source = read(ociFiles([layer], { config: { Cmd: [word, "--serve"], Env: variable === "" ? [] : [variable] } }));
    if (why === "") await expect(source).resolves.toMatchObject({ cmd: [word, "--serve"] });
    else await expect(source).rejects.toMatchObject({ code: "source-command", message: expect.stringContaining(why) as string });
  });

  it.each<[string, string, () => Buffer]>([
    [
      "an index of one image and a manifest.json of another",
      "source-platform",
      () => archive(new Map([...dockerFiles(OTHER), ...ociFiles(LAYERS)])),
    ],
    ["manifest.json twice", "source-manifest", () => twice(dockerFiles(LAYERS), "manifest.json", "./manifest.json")],
    ["index.json twice", "source-manifest", () => twice(ociFiles(LAYERS), "index.json", "index.json")],
    ["index.json through a link to its own folder", "source-manifest", () => throughLink()],
  ])("refuses %s, since one tool takes the first and another the other: %s", async (_what, code, make) => {
    await expect(read(make())).rejects.toMatchObject({ name: "ImageError", code });
  });

  it("refuses what is no source", async () => {
    for (const bytes of [Buffer.from("hello"), tar([{ name: "a" }]), Buffer.alloc(0), gzipSync("hello")])
      await expect(read(bytes)).rejects.toMatchObject({ code: "source-form" });
    await expect(readSource(path.join(folder, "none"), HERE)).rejects.toMatchObject({ code: "ENOENT" });
    await expect(readSource("/dev/null", HERE)).rejects.toMatchObject({ code: "source-form" });
    await expect(readSource(folder, HERE)).rejects.toMatchObject({ code: "source-form" });
    await expect(read(gzipSync(archive(ociFiles(LAYERS))).subarray(0, 400))).rejects.toMatchObject({ code: "source-digest" });
  });

  it("stops unpacking at a limit", async () => {
    const zeros = new Uint8Array(2 ** 20);
    for (const pack of [gzipSync, zstdCompressSync, (bytes: Uint8Array) => bytes]) {
      await expect(expand(pack(zeros), 2 ** 20, "it")).resolves.toHaveLength(2 ** 20);
      await expect(expand(pack(zeros), 2 ** 20 - 1, "it")).rejects.toMatchObject({ code: "source-limit" });
    }
  });
});

describe("a folder", () => {
  /** The shape of an application ramdisk. */
  function lay(cmd: string | null = "/app\n"): string {
    const place = path.join(folder, String(made++));
    mkdirSync(path.join(place, "rootfs/usr/lib"), { recursive: true, mode: 0o700 });
    writeFileSync(path.join(place, "rootfs/app"), "app", { mode: 0o700 });
    writeFileSync(path.join(place, "rootfs/usr/lib/data"), "data", { mode: 0o600 });
    symlinkSync("/etc/passwd", path.join(place, "rootfs/link"));
    if (cmd !== null) writeFileSync(path.join(place, "cmd"), cmd);
    return place;
  }

  it("is read with modes that no umask changes; links are kept and hard links copied", async () => {
    const place = lay("/app\na b\n");
    writeFileSync(path.join(place, "env"), "A=1\n");
    linkSync(path.join(place, "rootfs/app"), path.join(place, "rootfs/again"));
    chmodSync(path.join(place, "rootfs/usr"), 0o1777);
    const { rootfs, ...rest } = await readSource(place, HERE);
    expect(rest).toEqual({ form: "folder", cmd: ["/app", "a b"], env: ["A=1"], warnings: [] });
    expect(listed(rootfs)).toEqual([
      "again 755 app",
      "app 755 app",
      "link 777 /etc/passwd",
      "usr/ 755",
      "usr/lib/ 755",
      "usr/lib/data 644 data",
    ]);
  });

  it("is refused without a command, or with what no image may hold", async () => {
    await expect(readSource(lay(null), HERE)).rejects.toMatchObject({ code: "source-config" });
    await expect(readSource(lay(""), HERE)).rejects.toMatchObject({ code: "source-config" });
    await expect(readSource(lay("/app"), HERE)).rejects.toMatchObject({ code: "argument-newline" });
    const linked = lay(null);
    symlinkSync("/etc/hostname", path.join(linked, "cmd"));
    await expect(readSource(linked, HERE)).rejects.toMatchObject({ code: "source-config" });
    const piped = lay();
    execFileSync("mkfifo", [path.join(piped, "rootfs/pipe")]);
    await expect(readSource(piped, HERE)).rejects.toMatchObject({
      code: "layer-kind",
      message: expect.stringContaining("pipe (a named pipe)") as string,
    });
    const privileged = lay();
    chmodSync(path.join(privileged, "rootfs/app"), 0o4755);
    await expect(readSource(privileged, HERE)).rejects.toMatchObject({ code: "layer-mode" });
    const bytes = lay();
    writeFileSync(Buffer.concat([Buffer.from(`${bytes}/rootfs/`), Buffer.from([0xff])]), "");
    await expect(readSource(bytes, HERE)).rejects.toMatchObject({ code: "layer-path" });
  });
});

function endless(files: Map<string, Buffer>): void {
  const type = "application/vnd.oci.image.index.v1+json";
  let inner = files.get("index.json") ?? Buffer.alloc(0);
  for (let i = 0; i < 4; i++) {
    files.set(`blobs/sha256/${sha256(inner)}`, inner);
    inner = json({ schemaVersion: 2, manifests: [{ mediaType: type, digest: `sha256:${sha256(inner)}`, size: inner.length }] });
  }
  files.set("index.json", inner);
}

/** The index with fields of its one descriptor changed, and maybe a second one beside it. */
function changeDescriptor(files: Map<string, Buffer>, change: object, second?: object): void {
  const index = JSON.parse(String(files.get("index.json"))) as { manifests: object[] };
  const [own] = index.manifests;
  files.set("index.json", json({ ...index, manifests: [{ ...own, ...change }, ...(second === undefined ? [] : [{ ...own, ...second }])] }));
}

/** The manifest with a text replaced, and the index to match. */
function changeManifest(files: Map<string, Buffer>, from: string, to: string): void {
  const index = JSON.parse(String(files.get("index.json"))) as { manifests: { digest: string }[] };
  const old = String(files.get(`blobs/sha256/${index.manifests[0]?.digest.slice(7) ?? ""}`));
  const bytes = Buffer.from(old.replaceAll(from, to));
  files.set(`blobs/sha256/${sha256(bytes)}`, bytes);
  changeDescriptor(files, { digest: `sha256:${sha256(bytes)}`, size: bytes.length });
}

/** An archive with a second file under one name. */
function twice(files: ReadonlyMap<string, Buffer>, name: string, again: string): Buffer {
  return tar([...[...files].map(([one, data]) => ({ name: one, data })), { name: again, data: files.get(name) ?? "" }]);
}

/** Without index.json, but with a link by which an unpacker would write one. */
function throughLink(): Buffer {
  const files = ociFiles(LAYERS);
  const data = files.get("index.json") ?? Buffer.alloc(0);
  files.delete("index.json");
  const entries = [...files].map(([name, bytes]) => ({ name, data: bytes }));
  return tar([...entries, { name: "here", type: "2", link: "." }, { name: "here/index.json", data }]);
}
