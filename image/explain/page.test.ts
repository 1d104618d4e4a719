import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { measureEif } from "../eif/measure.ts";
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
