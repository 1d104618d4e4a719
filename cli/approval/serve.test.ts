import { request as httpRequest } from "node:http";
import { createServer, type Server } from "node:net";
import { networkInterfaces } from "node:os";
import { describe, expect, it } from "vitest";
import { servePage } from "./serve.ts";

// What somebody else who uses the approver's machine may try.

const hasIpv6 = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === "::1") === true);

const squat = (port: number, host: string): Promise<Server> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(port, host, () => resolve(server));
  });
const freePort = async (): Promise<number> => {
  const server = await squat(0, "127.0.0.1");
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
};
const send = (port: number, host: string, method: string, path: string, body = ""): Promise<{ status: number; text: string }> =>
  new Promise((resolve, reject) => {
    const headers = { host: `localhost:${port}`, origin: `http://localhost:${port}` };
    const request = httpRequest({ host, port, method, path, headers }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part: string) => (text += part));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
    });
    request.once("error", reject);
    request.end(body);
  });

/** Serves a question that only who knows the address may read. */
async function served(): Promise<{ port: number; path: string; taken: Promise<string>; stop: () => void }> {
  const port = await freePort();
  const stopping = new AbortController();
  return new Promise((resolve, reject) => {
    const taken = servePage({
      origin: `http://localhost:${port}`,
      question: { secret: "who asks for whom" },
      answerName: "passkey",
      take: (body) => Promise.resolve({ taken: new TextDecoder().decode(body) }),
      ready: (address) => resolve({ port, path: new URL(address).pathname, taken, stop: () => stopping.abort(new Error("stopped")) }),
      signal: stopping.signal,
    });
    taken.catch(reject);
  });
}

describe("the approval page, towards others who use the machine", () => {
  it("tells nothing and takes nothing from who does not know its address, which is new each time", async () => {
    const [one, other] = [await served(), await served()];
    expect(one.path).toMatch(/^\/[\w-]{22}\/$/);
    expect(one.path).not.toBe(other.path);
    for (const folder of ["/", other.path, `${one.path}/`, one.path.slice(0, -1)])
      for (const name of ["", "question"]) expect((await send(one.port, "127.0.0.1", "GET", folder + name)).status).toBe(404);
    // the key of somebody else, in place of the one that a passkey is about to make
    for (const folder of ["/", other.path])
      expect((await send(one.port, "127.0.0.1", "POST", `${folder}passkey`, "mallory")).status).toBe(404);
    expect((await send(one.port, "127.0.0.1", "GET", `${one.path}question`)).text).toContain("who asks for whom");
    expect((await send(one.port, "127.0.0.1", "POST", `${one.path}passkey`, "ada")).status).toBe(200);
    expect(await one.taken).toBe("ada");
    other.stop();
    await expect(other.taken).rejects.toThrow("stopped");
  });

  it.skipIf(!hasIpv6)("is served at both addresses of localhost, or not at all", async () => {
    const one = await served();
    expect((await send(one.port, "::1", "GET", `${one.path}question`)).status).toBe(200);
    await expect(squat(one.port, "::1")).rejects.toThrow("EADDRINUSE");
    one.stop();
    await expect(one.taken).rejects.toThrow("stopped");
    const port = await freePort();
    const squatter = await squat(port, "::1");
    const page = { origin: `http://localhost:${port}`, question: {}, answerName: "approval", take: () => Promise.resolve({ taken: "" }) };
    const told: string[] = [];
    await expect(servePage({ ...page, ready: (address) => void told.push(address) })).rejects.toThrow("is in use");
    expect(told).toEqual([]);
    await new Promise((resolve) => squatter.close(resolve));
  });
});
