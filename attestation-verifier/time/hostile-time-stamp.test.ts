import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ascii, concat, der, hex } from "../generate/der.ts";
import { digestOf, makeTimeStamp, timeCertificate, type TimeKey } from "../generate/test-time-stamp.ts";
import { signatures } from "../signatures/node.ts";
import { Refusal } from "../verdict/refusal.ts";
import { parseTimeAuthority, type TimeAuthority } from "./time-authority.ts";
import { verifyTimeStamp } from "./verify-time-stamp.ts";

const digest = digestOf("sha256", ascii("result"));
const genTimeMs = Date.UTC(2026, 2, 1, 12);
const token = (key: TimeKey): Uint8Array => makeTimeStamp({ digest, genTimeMs, key });
const own = (key: TimeKey): TimeAuthority[] => [parseTimeAuthority(timeCertificate(key))];
const issuer = (key: TimeKey): TimeAuthority[] => [parseTimeAuthority(timeCertificate(key, "issuer"))];

/** "refused", or what was accepted. Anything but a refusal of this step ends the test. */
async function outcome(bytes: Uint8Array, authorities: readonly TimeAuthority[]): Promise<string> {
  try {
    return JSON.stringify(await verifyTimeStamp(bytes, { digest, authorities, signatures }));
  } catch (error) {
    if (error instanceof Refusal && error.code.startsWith("time-evidence-")) return "refused";
    throw error;
  }
}

const indexOf = (whole: Uint8Array, part: Uint8Array): number => Buffer.from(whole).indexOf(part);
const flip = (bytes: Uint8Array, bit: number): Uint8Array => bytes.with(bit >> 3, (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7)));

describe.each(["P-256", "P-384", "RSA"] as const)("a token under %s", (key) => {
  const good = token(key);

  it("is refused with any bit flipped, where the issuer is pinned", async () => {
    const authorities = issuer(key);
    expect(await outcome(good, authorities)).not.toBe("refused");
    await fc.assert(
      fc.asyncProperty(fc.nat(good.length * 8 - 1), async (bit) => {
        expect(await outcome(flip(good, bit), authorities), `bit ${bit}`).toBe("refused");
      }),
      { numRuns: 300 },
    );
  });

  it("is refused with a bit flipped anywhere but in the certificate, where that is pinned", async () => {
    const authorities = own(key);
    const certificate = timeCertificate(key);
    const start = indexOf(good, certificate);
    const accepted = await outcome(good, authorities);
    expect(start).toBeGreaterThan(0);
    for (let at = 0; at < good.length; at++) {
      const found = await outcome(flip(good, at * 8 + (at % 8)), authorities);
      const inside = at >= start && at < start + certificate.length;
      expect(inside && found === accepted ? "refused" : found, `byte ${at}`).toBe("refused");
    }
  });

  it("is refused cut at any byte, or with bytes behind it", async () => {
    const authorities = own(key);
    for (let end = 0; end < good.length; end++) expect(await outcome(good.subarray(0, end), authorities)).toBe("refused");
    for (const tail of [hex("00"), hex("0500"), good]) expect(await outcome(concat(good, tail), authorities)).toBe("refused");
  });
});

/** A tree of elements, so that a test can tear one apart and have it whole again. */
type Tree = { tag: number; children: Tree[] } | { tag: number; content: Uint8Array };

function parse(bytes: Uint8Array): Tree[] {
  const all: Tree[] = [];
  for (let at = 0; at < bytes.length;) {
    const tag = bytes[at] ?? 0;
    const first = bytes[at + 1] ?? 0;
    const head = first < 0x80 ? 2 : first - 0x80 + 2;
    const length = first < 0x80 ? first : Number(`0x${Buffer.from(bytes.subarray(at + 2, at + head)).toString("hex")}`);
    const content = bytes.subarray(at + head, at + head + length);
    all.push((tag & 0x20) !== 0 ? { tag, children: parse(content) } : { tag, content });
    at += head + length;
  }
  return all;
}

function encode(tree: Tree): Uint8Array {
  return der(tree.tag, ...("content" in tree ? [tree.content] : tree.children.map(encode)));
}

function nodesOf(tree: Tree): Tree[] {
  return "content" in tree ? [tree] : [tree, ...tree.children.flatMap(nodesOf)];
}

describe("a token torn apart", () => {
  const key = "P-384";
  const good = token(key);
  const authorities = issuer(key);
  const accepted = outcome(good, authorities);
  const mutation = fc.record({
    node: fc.nat(),
    child: fc.nat(),
    other: fc.nat(),
    how: fc.constantFrom("drop", "double", "swap", "graft", "empty", "tag"),
  });

  it("comes together again", () => {
    expect(concat(...parse(good).map(encode))).toEqual(good);
  });

  it("is refused, or says the same", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(mutation, { minLength: 1, maxLength: 3 }), async (mutations) => {
        const [tree] = parse(good) as [Tree];
        for (const { node, child, other, how } of mutations) {
          const nodes = nodesOf(tree);
          const target = nodes[node % nodes.length] as Tree;
          if (how === "tag") target.tag = [0x30, 0x31, 0x04, 0xa0, 0xa1, 0x02, 0x1f, 0x80][other % 8] as number;
          if ("content" in target || target.children.length === 0) continue;
          const { children } = target;
          const [i, j] = [child % children.length, other % children.length];
          const [a, b] = [children[i] as Tree, children[j] as Tree];
          if (how === "drop") children.splice(i, 1);
          else if (how === "double") children.splice(j, 0, a);
          else if (how === "swap") [children[i], children[j]] = [b, a];
          else if (how === "graft") children[i] = parse(encode(nodes[other % nodes.length] as Tree))[0] as Tree;
          else if (how === "empty") children.length = 0;
        }
        expect(["refused", await accepted]).toContain(await outcome(encode(tree), authorities));
      }),
      { numRuns: 600 },
    );
  });
});

describe("hostile bytes", () => {
  it("are refused, whatever they are", async () => {
    const authorities = own("P-384");
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
        expect(await outcome(bytes, authorities)).toBe("refused");
        expect(() => parseTimeAuthority(bytes)).toThrow(Refusal);
      }),
    );
  });

  it("in any place of a token are refused, or it says the same", async () => {
    const good = token("P-256");
    const authorities = own("P-256");
    const accepted = await outcome(good, authorities);
    await fc.assert(
      fc.asyncProperty(fc.nat(good.length - 1), fc.uint8Array({ minLength: 1, maxLength: 8 }), fc.nat(8), async (at, bytes, removed) => {
        const changed = concat(good.subarray(0, at), bytes, good.subarray(at + removed));
        expect(["refused", accepted]).toContain(await outcome(changed, authorities));
      }),
      { numRuns: 500 },
    );
  });

  it.each<[string, Uint8Array]>([
    ["deeply nested", concat(...Array.from({ length: 32_000 }, () => hex("3080")))],
    ["nested as deep as lengths go", nested(20_000)],
    ["30,000 certificates", withCertificates(new Uint8Array(60_000).map((_, i) => (i % 2 === 0 ? 0x30 : 0)))],
    ["a length of 4 GiB", hex("3084ffffffff")],
    ["a length of 64 KiB with nothing behind", hex("3082ffff")],
    ["an indefinite length", hex("3080000000")],
    ["6,000 attributes", withAttributes(6000)],
  ])("are refused in no time: %s", async (_, bytes) => {
    const authorities = Array.from({ length: 16 }, () => own("P-256")).flat();
    const start = processorMs();
    expect(await outcome(bytes, authorities)).toBe("refused");
    expect(processorMs() - start).toBeLessThan(2000); // tens of milliseconds on an idle machine
  });
});

function nested(depth: number): Uint8Array {
  const heads: Uint8Array[] = [];
  for (let length = 0; heads.length < depth && length < 65_000;) {
    const head = der(0x30, new Uint8Array(length)).subarray(0, length < 0x80 ? 2 : length < 0x100 ? 3 : 4);
    heads.unshift(head);
    length += head.length;
  }
  return concat(...heads);
}

function withCertificates(content: Uint8Array): Uint8Array {
  return makeTimeStamp({
    digest: new Uint8Array(32),
    genTimeMs,
    edit: ({ signedData }) => void (signedData.certificates = der(0xa0, content)),
  });
}

function withAttributes(count: number): Uint8Array {
  return makeTimeStamp({
    digest: new Uint8Array(32),
    genTimeMs,
    edit: (parts) =>
      void (parts.attributes = () =>
        Array.from({ length: count }, (_, i) => der(0x30, der(0x06, Uint8Array.of(0x2a, i >> 7, i & 127)), hex("31020500")))),
  });
}

it("is not read at all beyond 64 KiB, however little its elements would cost", async () => {
  for (const bytes of [new Uint8Array(64 * 1024 + 1), concat(token("P-256"), new Uint8Array(64 * 1024))])
    await expect(verifyTimeStamp(bytes, { digest, authorities: own("P-256"), signatures })).rejects.toThrow(`found ${bytes.length} bytes`);
});

/** Of this process so far: neighbours do not count. */
function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
