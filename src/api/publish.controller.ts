import {
  Body,
  Controller,
  Headers,
  HttpCode,
  HttpStatus,
  Post,
  Query,
  Res,
  UseFilters,
  UseGuards,
} from '@nestjs/common';
import {
  ApiBody,
  ApiConsumes,
  ApiExtraModels,
  ApiHeader,
  ApiOperation,
  ApiQuery,
  ApiResponse,
  ApiTags,
  getSchemaPath,
} from '@nestjs/swagger';
import { GrapevineError, invalidRequest } from '../runtime/errors.js';
import type { Receipt } from '../gossip/publishing/receipt.js';
import { PUBLISH_TIMEOUT_MS_DEFAULT } from '../subscriptions/publication.js';
import { AccessGuard, FromCaller } from './auth/access.guard.js';
import type { Caller } from './auth/caller.js';
import { BATCH_MESSAGES_MAX, ClientPublishing, type Ask, type BatchOutcome } from './client-publishing.service.js';
import { jsonProblem } from './json-bounds.js';
import { NdjsonBody } from './json-body.js';
import { ApiTokenProblems } from './problem.dto.js';
import { ProblemFilter } from './problem.filter.js';
import { BatchItem, PublishBody, ReceiptFields } from './publish.dto.js';
import { PUBLISH_TIMEOUT_MS, readIdempotencyKey, readPublishOptions } from './publish-request.js';

const CHAT = { topic: 'chat', message: 'hello world' };

/** `POST /publish`: one message, an array of them, or a line each. */
@ApiTags('messages')
@UseFilters(ProblemFilter)
@UseGuards(AccessGuard)
@Controller('publish')
export class PublishController {
  constructor(private readonly publishing: ClientPublishing) {}

  @Post()
  @HttpCode(HttpStatus.ACCEPTED)
  @ApiOperation({
    summary: 'Publish',
    description:
      'One message, or many as an array or as `application/x-ndjson`. The answer to many has a receipt or a `problem` per message, in order.',
  })
  @ApiConsumes('application/json', 'application/x-ndjson')
  @ApiExtraModels(PublishBody, ReceiptFields, BatchItem)
  @ApiBody({
    schema: {
      oneOf: [
        { $ref: getSchemaPath(PublishBody) },
        { type: 'array', items: { $ref: getSchemaPath(PublishBody) }, maxItems: BATCH_MESSAGES_MAX },
      ],
    },
    examples: {
      text: { summary: 'A text', value: CHAT },
      object: {
        summary: 'An object with headers, for a minute',
        value: { topic: 'news.eu', message: { title: 'Rain' }, headers: { lang: 'en' }, ttlMs: 60_000 },
      },
      bytes: { summary: 'Bytes', value: { topic: 'chat', message: { $bytes: 'aGVsbG8=' } } },
      batch: { summary: 'Many', value: [CHAT, { topic: 'chat', message: 'again' }] },
    },
  })
  @ApiQuery({
    name: 'ack',
    required: false,
    description: 'How many logs must hold the message before the answer: `local`, a number, or `all` that want it.',
    schema: { type: 'string', default: 'local' },
    examples: { local: { value: 'local' }, two: { value: '2' }, all: { value: 'all' } },
  })
  @ApiQuery({
    name: 'timeoutMs',
    required: false,
    schema: {
      type: 'integer',
      minimum: PUBLISH_TIMEOUT_MS.min,
      maximum: PUBLISH_TIMEOUT_MS.max,
      default: PUBLISH_TIMEOUT_MS_DEFAULT,
    },
  })
  @ApiHeader({
    name: 'Idempotency-Key',
    required: false,
    description: 'Repeats under the same key are suppressed at subscribers for ten minutes.',
  })
  @ApiResponse({ status: 202, description: 'In the log of this node.', type: ReceiptFields })
  @ApiResponse({
    status: 200,
    description: 'In as many logs as asked for; or the outcome of many.',
    schema: {
      oneOf: [
        { $ref: getSchemaPath(ReceiptFields) },
        {
          type: 'object',
          properties: {
            items: {
              type: 'array',
              items: { oneOf: [{ $ref: getSchemaPath(ReceiptFields) }, { $ref: getSchemaPath(BatchItem) }] },
            },
          },
        },
      ],
    },
  })
  @ApiTokenProblems(
    'forbidden',
    'malformed-request',
    'invalid-request',
    'invalid-topic',
    'too-large',
    'unsupported-media-type',
    'idempotency-mismatch',
    'overloaded',
    'draining',
    'ack-timeout',
    'store-failing',
    'store-full',
    'too-many-topics',
  )
  async publish(
    @Body() body: unknown,
    @Query() query: Record<string, unknown>,
    @Headers('idempotency-key') keyHeader: string | undefined,
    @FromCaller() caller: Caller,
    @Res({ passthrough: true }) reply: { status(code: number): unknown },
  ): Promise<Receipt | { items: BatchOutcome[] }> {
    const options = readPublishOptions(query);
    const key = readIdempotencyKey(keyHeader);
    const values = Array.isArray(body) ? (body as unknown[]) : body instanceof NdjsonBody ? body.items : undefined;
    if (values === undefined) {
      const publishOne = (): Promise<Receipt> =>
        this.publishing.publish({ value: body, options, idempotencyKey: key }, caller);
      const receipt = await (key === undefined
        ? publishOne()
        : this.publishing.underKey(key, textOf(body), publishOne));
      if (options.ack !== 'local') reply.status(HttpStatus.OK);
      return receipt;
    }
    const asks = values.map((value, at): Ask => ({ value, options, idempotencyKey: key && `${key}/${at}` }));
    const publishAll = (): Promise<BatchOutcome[]> => this.publishing.publishAll(asks, caller);
    const items = await (key === undefined ? publishAll() : this.publishing.underKey(key, textOf(values), publishAll));
    reply.status(HttpStatus.OK);
    return { items };
  }
}

/** The text that stands for a body when it comes again. */
function textOf(body: unknown): string {
  const shown = Array.isArray(body)
    ? body.map((item: unknown) => (item instanceof GrapevineError ? item.detail : item))
    : body;
  const problem = jsonProblem(shown);
  if (problem !== undefined) throw invalidRequest([{ field: 'body', message: problem }]);
  return JSON.stringify(shown) ?? '';
}
