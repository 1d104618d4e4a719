import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK, type JWTPayload } from "jose";

/** An authorization server on this machine: keys at /jwks.json, RFC 6749 §4.4 at /token. */
export class AuthorizationServer {
  readonly #server: Server;
  #key: { privateKey: CryptoKey; jwk: JWK } | null = null;
  #count = 0;
  url = "";
  /** what a client authenticates with at /token */
  clients: Map<string, string> = new Map();
  /** client assertions (RFC 7523) that came, in order */
  readonly assertions: string[] = [];
  /** seconds that tokens of /token are good for */
  expiresIn = 300;
  fetched = 0;
  issued = 0;

  constructor() {
    this.#server = createServer((request, response) => {
      if (request.url === "/jwks.json") {
        this.fetched += 1;
        response.setHeader("content-type", "application/json").end(JSON.stringify({ keys: this.#key === null ? [] : [this.#key.jwk] }));
        return;
      }
      void this.#answer(request, response);
    });
  }

  async start(): Promise<this> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
    await this.rotate();
    return this;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }

  /** Other keys from now on. */
  async rotate(): Promise<void> {
    const { privateKey, publicKey } = await generateKeyPair("ES256");
    this.#key = { privateKey, jwk: { ...(await exportJWK(publicKey)), kid: `key-${++this.#count}`, alg: "ES256", use: "sig" } };
  }

  get jwks(): { keys: JWK[] } {
    return { keys: this.#key === null ? [] : [this.#key.jwk] };
  }

  /** An access token of RFC 9068, with any part replaced; undefined takes a claim out. */
  async token(
    claims: Readonly<Record<string, unknown>> = {},
    header: { typ?: string; alg?: string; crit?: string[] } = {},
    key?: CryptoKey | Uint8Array,
  ): Promise<string> {
    const own = this.#key;
    if (own === null) throw new Error("not started");
    const now = Math.floor(Date.now() / 1000);
    const payload = {
      iss: this.url,
      aud: "https://host.example",
      exp: now + 300,
      iat: now,
      sub: "s",
      client_id: "ward-a",
      jti: `${++this.issued}`,
      ...claims,
    };
    return new SignJWT(JSON.parse(JSON.stringify(payload)) as JWTPayload)
      .setProtectedHeader({ alg: "ES256", typ: "at+jwt", ...(own.jwk.kid === undefined ? {} : { kid: own.jwk.kid }), ...header })
      .sign(key ?? own.privateKey);
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = "";
    for await (const part of request) body += String(part);
    const { status, json } = await this.#token(new URLSearchParams(body), request.headers.authorization ?? "");
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(json));
  }

  async #token(form: URLSearchParams, authorization: string): Promise<{ status: number; json: object }> {
    const refused = { status: 401, json: { error: "invalid_client" } };
    if (form.get("grant_type") !== "client_credentials") return { status: 400, json: { error: "unsupported_grant_type" } };
    const assertion = form.get("client_assertion");
    const [id = "", secret = ""] = Buffer.from(authorization.replace(/^Basic /, ""), "base64")
      .toString()
      .split(":")
      .map(decodeURIComponent);
    const client = assertion === null ? id : (form.get("client_id") ?? "");
    if (assertion !== null) this.assertions.push(assertion);
    else if (this.clients.get(id) !== secret) return refused;
    const now = Math.floor(Date.now() / 1000);
    const access = await this.token({ client_id: client, exp: now + this.expiresIn, scope: form.get("scope") ?? "" });
    return { status: 200, json: { access_token: access, token_type: "Bearer", expires_in: this.expiresIn } };
  }
}
