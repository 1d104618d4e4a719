/** The first block of code in a language under a heading. What a README shows, a test runs. */
export function codeUnder(readme: string, heading: string, language: string): string {
  const section = sectionOf(readme, heading);
  const code = new RegExp(`^\`\`\`${language}\n([^]*?)^\`\`\`$`, "m").exec(section)?.[1];
  if (code === undefined) throw new Error(`no ${language} under "${heading}"`);
  return code;
}

/** Every name in code style in the first column of the tables under "API". */
export function listedExports(readme: string): string[] {
  const rows = sectionOf(readme, "API").matchAll(/^\| (`[^|]*`) \|/gm);
  return [...rows].flatMap(([, cell = ""]) => [...cell.matchAll(/`(\w+)`/g)].map(([, name = ""]) => name));
}

function sectionOf(readme: string, heading: string): string {
  const [, behind] = readme.split(`\n## ${heading}\n`);
  if (behind === undefined) throw new Error(`no heading "${heading}"`);
  return behind.split("\n## ")[0] ?? "";
}
