/** Where a file comes from, as a manifest spells it. */
export interface Origin {
  kind: "npm" | "debian" | "source" | "bundle" | "other";
  name: string;
  /** null for what has none */
  version: string | null;
  /** Debian's word for the processor */
  architecture: string | null;
}

/** Parse `npm name@version`, `debian name=version architecture`, `source` and `bundle`; anything else is taken as a name. */
export function parseOrigin(origin: string): Origin {
  const npm = /^npm ((?:@[^@/ ]+\/)?[^@/ ]+)@([^@ ]+)$/.exec(origin);
  if (npm !== null) return { kind: "npm", name: npm[1] ?? "", version: npm[2] ?? null, architecture: null };
  const debian = /^debian ([^= ]+)=([^= ]+) ([^= ]+)$/.exec(origin);
  if (debian !== null) return { kind: "debian", name: debian[1] ?? "", version: debian[2] ?? null, architecture: debian[3] ?? null };
  if (origin === "source" || origin === "bundle") return { kind: origin, name: NAME[origin], version: null, architecture: null };
  return { kind: "other", name: origin, version: null, architecture: null };
}

const NAME = { source: "this repository's source", bundle: "the enclave program" } as const;
