import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { COMMAND, ENVIRONMENT } from "./application/command.ts";

const read = (name: string): string => readFileSync(new URL(`../${name}`, import.meta.url), "utf8");
const dockerfile = read("Dockerfile").replaceAll("\\\n", "");

describe("the Dockerfile", () => {
  it("starts the program as the application ramdisk does", () => {
    expect(JSON.parse(/^CMD (\[.*\])$/m.exec(dockerfile)?.[1] ?? "null")).toEqual(COMMAND);
    expect(/^ENV (.*)$/m.exec(dockerfile)?.[1]?.split(" ")).toEqual(ENVIRONMENT);
  });

  it("names its base by digest, and installs every workspace's packages", () => {
    expect(dockerfile).toMatch(/^ARG BASE=\S+@sha256:[0-9a-f]{64}$/m);
    const { workspaces } = JSON.parse(read("package.json")) as { workspaces: string[] };
    expect([...dockerfile.matchAll(/^COPY (\S+)\/package\.json \1\/$/gm)].map((match) => match[1])).toEqual(workspaces.toSorted());
  });
});
