import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** One name that a package gives others. */
export interface Exported {
  readonly name: string;
  /** where it is declared */
  readonly file: string;
  /** whether a docstring stands before its declaration */
  readonly documented: boolean;
}

/** Everything that a module exports, types too, followed to where it is declared. It reads the way this repository writes exports. */
export function exportedBy(file: string): Exported[] {
  const source = readFileSync(file, "utf8");
  const reexported = [...source.matchAll(/^export (?:type )?\{([^}]*)\} from "(\.[^"]+)";/gm)].flatMap(([, names = "", from = ""]) => {
    const wanted = names
      .split(",")
      .map((name) => name.replace(/^\s*type\s/, "").trim())
      .filter((name) => name !== "");
    const there = exportedBy(join(dirname(file), from));
    return wanted.map((name) => there.find((one) => one.name === name) ?? { name, file: from, documented: false });
  });
  const everything = [...source.matchAll(/^export \* from "(\.[^"]+)";/gm)].flatMap(([, from = ""]) =>
    exportedBy(join(dirname(file), from)),
  );
  const declared = [...source.matchAll(DECLARATION)].map(({ 1: name = "", index }) => {
    const above = source.slice(0, index).replace(/(?:\/\/[^\n]*\n)+$/, ""); // a directive for the formatter may stand between
    return { name, file, documented: above.endsWith("*/\n") && above.lastIndexOf("/**") > above.lastIndexOf("*/\n", above.length - 4) };
  });
  return [...declared, ...reexported, ...everything];
}

const DECLARATION = /^export (?:declare )?(?:async )?(?:const|function\*?|class|interface|type) (\w+)/gm;
