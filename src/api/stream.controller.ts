import type { ServerResponse } from 'node:http';
import { Controller, Get, Headers, Query, Req, Res, UseFilters, UseGuards } from '@nestjs/common';
import { ApiHeader, ApiOperation, ApiProduces, ApiResponse, ApiTags } from '@nestjs/swagger';
import { AccessGuard, FromCaller } from './auth/access.guard.js';
import { assertGranted, type Caller } from './auth/caller.js';
import { EventStreams } from './event-streams.service.js';
import { ApiTokenProblems } from './problem.dto.js';
import { ProblemFilter } from './problem.filter.js';
import { StreamQuery } from './stream.dto.js';
import { StrictPipe } from './strict.pipe.js';
import { assertPattern } from './topic-request.js';

/** Fastify wraps the response, Express is the response. */
interface StreamReply {
  readonly raw?: ServerResponse;
  hijack?(): unknown;
  getHeaders(): Record<string, number | string | string[] | undefined>;
}

/** `GET /stream`: messages as Server-Sent Events. */
@ApiTags('messages')
@UseFilters(ProblemFilter)
@UseGuards(AccessGuard)
@Controller('stream')
export class StreamController {
  constructor(private readonly streams: EventStreams) {}

  @Get()
  @ApiOperation({
    summary: 'Messages as Server-Sent Events',
    description:
      'Each message is an event whose `id` is a cursor that every node understands. Other events: `recovered` (after a resume: whether all was ' +
      'still there), `gap`, `cut` (the client reads too slowly, or its token has expired), `draining`. Try it with `curl -N` or `EventSource`; this page shows nothing until the stream ends.',
  })
  @ApiHeader({ name: 'Last-Event-ID', required: false, description: 'Resumes after that event; wins over `after`.' })
  @ApiProduces('text/event-stream')
  @ApiResponse({ status: 200, description: 'Events.', schema: { type: 'string' } })
  @ApiTokenProblems(
    'forbidden',
    'invalid-request',
    'invalid-pattern',
    'invalid-cursor',
    'too-many-subscriptions',
    'draining',
  )
  async stream(
    @Query(StrictPipe) { topic, after }: StreamQuery,
    @FromCaller() caller: Caller,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Req() request: { readonly method: string },
    @Res() reply: StreamReply,
  ): Promise<void> {
    assertPattern(topic);
    assertGranted(caller, 'subscribe', topic);
    const response = reply.raw ?? (reply as unknown as ServerResponse);
    copyHeaders(reply, response);
    // Fastify answers HEAD with the handler of GET; a stream without a body would stay open for nothing.
    if (request.method === 'HEAD') response.writeHead(200).end();
    else await this.streams.open({ topic, after: lastEventId || after }, caller, response);
    reply.hijack?.();
  }
}

/** What hooks such as CORS have set so far; Fastify would only write it with an answer of its own. */
function copyHeaders(reply: StreamReply, response: ServerResponse): void {
  if (reply.raw === undefined) return;
  for (const [name, value] of Object.entries(reply.getHeaders())) {
    if (value !== undefined) response.setHeader(name, value);
  }
}
