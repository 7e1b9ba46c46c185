import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { ValidateBy, type ValidationOptions } from 'class-validator';
import { WholeNumber } from '../config/setting-rules.js';
import { headerErrors, TTL_MS } from '../subscriptions/publication.js';
import { topicProblem } from '../topics/topic.js';
import { MessageFields } from './messages.dto.js';
import { Problem } from './problem.dto.js';
import { publishedValueProblem } from './publish-request.js';

/** A rule that tells in one phrase what is wrong. */
function Free(problemOfValue: (value: unknown) => string | undefined, options?: ValidationOptions): PropertyDecorator {
  return ValidateBy(
    {
      name: 'free',
      validator: {
        validate: (value) => problemOfValue(value) === undefined,
        defaultMessage: (details) => problemOfValue(details?.value) ?? '',
      },
    },
    options,
  );
}

/** What is published. */
export class PublishBody {
  @ApiProperty({ example: 'chat', description: 'A topic name; not a pattern.' })
  @Free((topic) => (typeof topic === 'string' ? topicProblem(topic) : 'must be a string'))
  topic!: string;

  @ApiProperty({
    description: 'Any JSON value; bytes as `{"$bytes": base64}`.',
    type: 'object',
    additionalProperties: true,
    example: 'hello world',
  })
  @Free(publishedValueProblem)
  message!: unknown;

  @ApiPropertyOptional({
    example: 60_000,
    minimum: TTL_MS.min,
    maximum: TTL_MS.max,
    description: 'How long after it was published the message is worth delivering.',
  })
  @WholeNumber(TTL_MS)
  ttlMs?: number;

  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: { type: 'string' },
    example: { traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01' },
  })
  @Free((headers) => (headers === undefined ? undefined : headerErrors(headers)[0]?.message))
  headers?: Record<string, string>;
}

/** How many logs hold a message. */
export class AckFields {
  @ApiProperty({ oneOf: [{ type: 'string' }, { type: 'integer' }], example: 'all' })
  level!: string | number;

  @ApiProperty({ example: 4, description: 'Nodes that have it in their log, the publisher included.' })
  confirmed!: number;

  @ApiProperty({ example: 4, description: 'The publisher and the interested nodes that are not dead or left.' })
  of!: number;
}

/** Where a message went. */
export class ReceiptFields extends MessageFields {
  @ApiProperty({ type: AckFields })
  ack!: AckFields;
}

/** What became of one message of a batch: a receipt, or the problem that kept it out. */
export class BatchItem {
  @ApiPropertyOptional({ type: Problem })
  problem?: Problem;
}
