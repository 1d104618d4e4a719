import type { Socket } from "node:net";
import helmet from "@fastify/helmet";
import rateLimit from "@fastify/rate-limit";
import swagger from "@fastify/swagger";
import swaggerUi from "@fastify/swagger-ui";
import underPressure from "@fastify/under-pressure";
import fastify, { LogController } from "fastify";
import { Refusal, type HostCode } from "../errors.ts";
import { attestationRoutes } from "./attestation.ts";
import { eventRoutes } from "./events.ts";
import { healthRoutes } from "./health.ts";
import { MAX_BODY_BYTES } from "./intake.ts";
import { jobRoutes } from "./jobs.ts";
import { noticeRoutes } from "./notices.ts";
import { pageRoutes } from "./pages.ts";
import { rateKeyOf, readSignIn, requireSignIn, tenantOf } from "../sign-in/require-sign-in.ts";
import { answerError, problem, PROBLEM_TYPE, sendProblem } from "./problem.ts";
import type { HostApp, HostServices } from "./services.ts";
import { statusListRoutes } from "./status-list.ts";

/** Where the host's log goes: one JSON object a line, at this level and above. */
export interface HostLogger {
  level: "debug" | "info" | "warn" | "error";
  write(line: string): void;
}

/** Builds the HTTP interface, not yet listening. */
export async function buildServer(
  services: HostServices,
  { logger, trustProxy }: { logger: HostLogger | null; trustProxy: string | null },
): Promise<HostApp> {
  const { limits, metrics } = services;
  const app: HostApp = fastify({
    logger: logger === null ? false : { level: logger.level, base: null, stream: { write: (line: string) => logger.write(line) } },
    logController: new LogController({ disableRequestLogging: true }), // the default would log paths and queries
    trustProxy: trustProxy ?? false,
    bodyLimit: MAX_BODY_BYTES,
    requestTimeout: limits.requestMs,
    connectionTimeout: limits.requestMs,
    keepAliveTimeout: KEEP_ALIVE_MS,
    forceCloseConnections: "idle",
    exposeHeadRoutes: false,
    routerOptions: { maxParamLength: 64 },
    http: { connectionsCheckingInterval: 1000, headersTimeout: HEADERS_MS, maxHeaderSize: 8192 },
    ajv: { customOptions: { removeAdditional: false, coerceTypes: "array", allErrors: false } },
    clientErrorHandler: answerClientError,
    frameworkErrors: (error, request, reply) => void answerError(error, request, reply),
  }).withTypeProvider();
  app.server.maxConnections = limits.connections;
  app.removeAllContentTypeParsers();
  app.setErrorHandler(answerError);
  app.addHook("onResponse", async (request, reply) => {
    const route = request.routeOptions.url ?? "unknown"; // the pattern: no id, no query
    metrics.answered(route, request.method, reply.statusCode, reply.elapsedTime / 1000);
    request.log.info({ method: request.method, route, status: reply.statusCode, ms: Math.round(reply.elapsedTime) }, "answered");
  });
  app.addHook("onRequest", async (_request, reply) => void reply.header("cache-control", "no-store"));

  await app.register(helmet, {
    contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } },
  });
  await app.register(underPressure, {
    maxEventLoopDelay: limits.loopDelayMs,
    pressureHandler: (request) => {
      if (!ALWAYS.has(request.routeOptions.url ?? "")) throw new Refusal("busy", "the host is overloaded", 1000);
    },
  });
  readSignIn(app, services);
  await app.register(rateLimit, {
    max: (request) => tenantOf(request)?.limits.requestsPerMinute ?? limits.requestsPerMinute,
    ...(services.signIn === null ? {} : { keyGenerator: rateKeyOf }),
    timeWindow: 60_000,
    ipv6Subnet: 64, // one subscriber
    errorResponseBuilder: (_request, { ttl }) => new Refusal("rate-limit", "see Retry-After", ttl),
  });
  requireSignIn(app, services);
  app.setNotFoundHandler({ preHandler: app.rateLimit() }, (_request, reply) =>
    sendProblem(reply, new Refusal("route-unknown", "see /docs")),
  );
  await app.register(swagger, { openapi: OPENAPI });
  await app.register(swaggerUi, { routePrefix: "/docs", staticCSP: true, uiConfig: { validatorUrl: null, layout: "BaseLayout" } });
  app.get("/openapi.json", { schema: { hide: true } }, async (_request, reply) =>
    reply.type("application/json").send(JSON.stringify(app.swagger())),
  );

  jobRoutes(app, services);
  attestationRoutes(app, services);
  statusListRoutes(app, services);
  noticeRoutes(app, services);
  eventRoutes(app, services);
  healthRoutes(app, services);
  if (services.pages !== null) pageRoutes(app, services.pages);
  return app;
}

/** Answers what Node's parser refuses: such a request never reaches a route. */
function answerClientError(error: Error & { code?: string }, socket: Socket): void {
  if (!socket.writable || error.code === "ECONNRESET") return void socket.destroy();
  const code = CLIENT_ERROR[error.code ?? ""] ?? "request-invalid";
  const body = problem(new Refusal(code, "the request could not be read"));
  const text = JSON.stringify(body);
  socket.end(
    `HTTP/1.1 ${body.status} Refused\r\ncontent-type: ${PROBLEM_TYPE}\r\ncontent-length: ${Buffer.byteLength(text)}\r\nconnection: close\r\n\r\n${text}`,
  );
}

const CLIENT_ERROR: Readonly<Record<string, HostCode>> = {
  ERR_HTTP_REQUEST_TIMEOUT: "body-timeout",
  HPE_HEADER_OVERFLOW: "header-too-large",
};

/** Answered under any load: whoever stops something does it when much is going on. */
const ALWAYS: ReadonlySet<string> = new Set(["/healthz", "/readyz", "/metrics", "/v1/status-list"]);
const KEEP_ALIVE_MS = 30_000;
const HEADERS_MS = 10_000;

const OPENAPI = {
  openapi: "3.1.0",
  info: {
    title: "Caladrius host",
    version: "1",
    description:
      "Takes sealed jobs, keeps them, hands them to the enclave and gives out sealed replies. It reads nothing but clear headers. " +
      "Every refusal is application/problem+json with a stable `code`.",
  },
  components: {
    securitySchemes: { deleteToken: { type: "http" as const, scheme: "bearer", description: "The deleteToken that came with 202." } },
  },
};
