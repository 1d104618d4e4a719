/** The part of a workspace's package.json that its published form is made of. */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly license: string;
  readonly exports: Exports;
  readonly dependencies?: Readonly<Record<string, string>>;
}

/** Paths and conditions, as package.json has them: in a workspace they end in sources. */
interface Exports {
  readonly [pathOrCondition: string]: Exports | string;
}

/** Every file that others may import, whatever the condition. */
export function entryFiles(exports: Exports | string): string[] {
  return typeof exports === "string" ? [exports] : publicEntries(exports).flatMap(([, to]) => entryFiles(to));
}

/** The package.json that others install: built files, types first, exact dependencies, nothing of the workspace. */
export function publishedManifest({ name, version, description, license, exports, dependencies = {} }: Manifest): object {
  return {
    name,
    version,
    description,
    license,
    type: "module",
    engines: { node: ">=22" },
    sideEffects: false,
    exports: builtExports(exports),
    dependencies,
  };
}

/** `./x.ts` becomes its declaration and its JavaScript; conditions keep their order, of which the first that fits holds. */
function builtExports(exports: Exports): object {
  return Object.fromEntries(
    publicEntries(exports).map(([key, to]) => {
      if (typeof to !== "string") return [key, builtExports(to)];
      const path = to.replace(/\.ts$/, "");
      return [key, { types: `${path}.d.ts`, default: `${path}.js` }];
    }),
  );
}

/** Generators of test data are there for the tests of other folders of this repository. */
function publicEntries(exports: Exports): [string, Exports | string][] {
  return Object.entries(exports).filter(([path]) => !path.startsWith("./generate/"));
}
