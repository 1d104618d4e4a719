import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { measureEif } from "../eif/measure.ts";
import { signEif, type Signer } from "../eif/sign.ts";
import { readEif } from "../eif/read.ts";
import { file } from "../ramdisk/entry.ts";
import { explainImages } from "./explain.ts";
import { renderExplanation } from "./page.ts";
import { TINY, tinyImage, tinyParts, type Tiny } from "./test-support/images.ts";
import { writeEif } from "../eif/write.ts";

const HOSTILE = `<img src=x onerror=alert(1)>"'\`</style><script>\u202eexe`;

const a = tinyImage();
const names = { a: "old.eif", b: "new.eif" };
const page = (change: Partial<Tiny>): string => renderExplanation(explainImages(a, tinyImage(change)), names);
const { pcr0, pcr1, pcr2 } = measureEif(a);
const trust = [
  {
    file: `${HOSTILE}.json`,
    sets: [
      new Map([
        [0, pcr0],
        [1, pcr1],
        [2, pcr2],
        [16, pcr0],
      ]),
    ],
  },
];

/** Everything that can be hostile is. */
const hostile = renderExplanation(
  explainImages(
    a,
    tinyImage({
      cmdline: HOSTILE,
      cmd: ["/usr/bin/node", HOSTILE],
      env: [`A=${HOSTILE}`],
      imageVersion: HOSTILE,
      files: { ...TINY.files, [`app/${HOSTILE.replaceAll("/", "_")}`]: [HOSTILE, HOSTILE], "app/enclave.mjs": [HOSTILE, "bundle"] },
      inputs: { [HOSTILE]: ["x", `npm ${HOSTILE}@1`] },
      extra: [{ kind: "symlink", path: "link", mode: 0o777, data: Buffer.from(HOSTILE) }, file("app/open", new Uint8Array(3))],
    }),
    trust,
  ),
  { a: HOSTILE, b: HOSTILE },
);

describe("renderExplanation", () => {
  it("is one page without script, whose policy lets its own style act and nothing load", () => {
    const text = page({ env: [] });
    const [, policy] = /<meta http-equiv="Content-Security-Policy" content="([^"]*)">/.exec(text) ?? [];
    const [, style] = /<style>([^]*)<\/style>/.exec(text) ?? [];
    const digest = createHash("sha256")
      .update(style ?? "")
      .digest("base64");
    expect(policy).toBe(`default-src 'none'; style-src 'sha256-${digest}'; img-src data:; form-action 'none'; base-uri 'none'`);
    expect(text).not.toMatch(/<script|<iframe|<img|\son\w+=|\sstyle=|https?:|@import|url\(/i);
    expect(page({ env: [] })).toBe(text);
  });

  it.each<[string, string, string]>([
    ["identical", page({}), "Identical"],
    ["unmeasured", page({ imageVersion: "2" }), "Same measurements"],
    ["measured", page({ env: [] }), "Other measurements"],
    [
      "recut",
      renderExplanation(
        explainImages(
          a,
          writeEif({ ...tinyParts(), kernel: Buffer.concat([tinyParts().kernel, tinyParts().cmdline]), cmdline: new Uint8Array(0) }),
        ),
        names,
      ),
      "Same PCRs, another image",
    ],
  ])("says first what became of the measurements: %s", (_verdict, text, title) => {
    expect(text).toContain(`<h2 id="verdict">${title}</h2>`);
  });

  it("escapes what comes from images, files and names", () => {
    expect(hostile).toContain("&#60;img src=x onerror=alert(1)&#62;&#34;&#39;&#96;&#60;/style&#62;&#60;script&#62;\\u202eexe");
    expect(hostile).not.toMatch(/<img|<script|\u202e/);
    expect(hostile.match(/<\/style>/g)).toHaveLength(1);
  });
});

describe.skipIf(spawnSync("openssl", ["version"]).status !== 0)("the page of signed images (needs openssl)", () => {
  const [ours, renewed, theirs] = ["ours", "ours", HOSTILE.replaceAll("/", "|")].map(signerNamed);
  const compare = (before: Uint8Array, after: Uint8Array): string => renderExplanation(explainImages(before, after), names);
  const sign = (signer: Signer | undefined): Uint8Array => signEif(a, signer!);
  const rowOf = (text: string): string => /<th scope="row">PCR8.*?<\/tr>/.exec(text)?.[0] ?? "";
  const hex = (bytes: Uint8Array | null): string => Buffer.from(bytes ?? []).toString("hex");

  it("says that PCR8 alone moves with another certificate, under the same name too, and what has to follow", () => {
    for (const other of [renewed, theirs]) {
      const text = compare(sign(ours), sign(other));
      expect(text).toContain(`<h2 id="verdict">Other measurements</h2>`);
      expect(text).toContain("PCR8 moves.");
      expect(rowOf(text)).toContain("because of signature");
      for (const signer of [ours, other]) expect(rowOf(text)).toContain(hex(measureEif(sign(signer)).pcr8));
      expect(text).toContain("kms:RecipientAttestation:PCR8");
      expect(text).not.toContain("kms:RecipientAttestation:PCR0");
      expect(text).not.toMatch(/<script|\u202e/);
    }
    expect(compare(sign(ours), sign(theirs))).toContain("&#60;script");
  });

  it("says that a second signature by the same certificate moves nothing", () => {
    const text = compare(sign(ours), sign(ours));
    expect(text).toContain(`<h2 id="verdict">Same measurements</h2>`);
    expect(rowOf(text)).toContain("another signature by the same certificate");
  });

  it("says when a signature came, went, or does not hold", () => {
    expect(rowOf(compare(a, sign(ours)))).toContain(hex(measureEif(sign(ours)).pcr8));
    expect(compare(sign(ours), a)).toContain("A is signed and B is not: PCR8 becomes zero.");
    const signed = sign(ours);
    const { signature } = readEif(signed);
    const broken = compare(
      signed,
      writeEif({ ...tinyParts(), signature: Uint8Array.from(signature!, (byte, i) => (i === signature!.length - 1 ? byte ^ 1 : byte)) }),
    );
    expect(broken).toContain("B is refused where images are read with care");
    expect(rowOf(broken)).toContain("B has a signature that does not hold, so it has no PCR8");
  });
});

/** A new key and a certificate for it. */
function signerNamed(name: string): Signer {
  const folder = mkdtempSync(path.join(tmpdir(), "caladrius-page-"));
  try {
    const words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:secp384r1 -nodes -days 1 -utf8 -keyout key -out cert -subj".split(" ");
    execFileSync("openssl", [...words, `/CN=${name.replaceAll(/[^ -~]/g, "")}`], { cwd: folder, stdio: "ignore" });
    return { key: readFileSync(path.join(folder, "key"), "utf8"), certificate: readFileSync(path.join(folder, "cert"), "utf8") };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
