import type { ServerResponse } from "node:http";
import { Type } from "typebox";
import { Refusal } from "../errors.ts";
import type { JobState } from "../queue.ts";
import { isFinal } from "./hub.ts";
import { PROBLEM_RESPONSES } from "./problem.ts";
import type { HostApp, HostServices } from "./services.ts";

/** GET /v1/events: changes of state as server-sent events, ids and states alone. */
export function eventRoutes(app: HostApp, { queue, hub, limits }: HostServices): void {
  const open = new Set<ServerResponse>();
  const beat = setInterval(() => {
    for (const stream of open) write(stream, ": still here\n\n");
  }, BEAT_MS).unref();
  app.addHook("preClose", async () => {
    clearInterval(beat);
    for (const stream of open) stream.end();
  });

  app.get(
    "/v1/events",
    {
      schema: {
        summary: "Changes of state as they happen",
        description:
          'Server-sent events named "state" with {"id","state"}. With `job` only that job\'s, its present state first, and the stream ends after the final one. Nothing is replayed: after a reconnection ask for the state.',
        querystring: Type.Object({ job: Type.Optional(Type.String({ pattern: "^[0-9a-f]{32}$" })) }, { additionalProperties: false }),
        response: {
          200: { description: "An event stream.", content: { "text/event-stream": { schema: Type.String() } } },
          ...PROBLEM_RESPONSES,
        },
      },
    },
    async (request, reply) => {
      const { job } = request.query;
      if (open.size >= limits.eventStreams) throw new Refusal("busy", "too many event streams are open", 10_000);
      const present = job === undefined ? null : await queue.find(job);
      if (job !== undefined && present === null) throw new Refusal("job-unknown", "perhaps its retention is over");
      reply.hijack();
      const stream = reply.raw;
      for (const [name, value] of Object.entries(reply.getHeaders())) if (value !== undefined) stream.setHeader(name, value);
      stream.writeHead(200, { "content-type": "text/event-stream", "x-accel-buffering": "no" });
      stream.write("retry: 1000\n\n");
      open.add(stream);
      const tell = (id: string, state: JobState): void => {
        write(stream, event(id, state));
        if (job !== undefined && isFinal(state)) stream.end(); // the connection serves the client's next request
      };
      const stop = hub.listen(job ?? null, tell);
      stream.once("close", () => {
        stop();
        open.delete(stream);
      });
      if (present !== null) tell(present.id, present.state);
      return reply;
    },
  );
}

function event(id: string, state: JobState): string {
  return `event: state\ndata: ${JSON.stringify({ id, state })}\n\n`;
}

/** A reader too slow to keep up is dropped; it comes back and asks for the state. */
function write(stream: ServerResponse, text: string): void {
  if (stream.writableEnded) return;
  if (stream.writableLength > MOST_WAITING_BYTES) stream.destroy();
  else stream.write(text);
}

const BEAT_MS = 15_000;
const MOST_WAITING_BYTES = 64 * 1024;
