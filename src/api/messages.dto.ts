import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional, IsString } from 'class-validator';
import { WholeNumber } from '../config/setting-rules.js';
import { FromDigits } from './query-number.js';

/** Items of a page unless the client says otherwise. */
export const PAGE_DEFAULT = 100;
/** Most items that a client may ask for. */
export const PAGE_MAX = 1_000;

/** Names a message and says where it comes from. */
export class MessageFields {
  @ApiProperty({ example: 'q3Kx0lVb5mJt2aZ1.42', description: 'The stream and the place in it.' })
  id!: string;

  @ApiProperty({ example: 'chat' })
  topic!: string;

  @ApiProperty({ example: 'A', description: 'Name of the node at which the message entered.' })
  publisher!: string;

  @ApiProperty({ example: 'Fb1eJ6PqgXVG0UvwaEOZtW7VN6ywmPTjZUoSTrXfSLc' })
  publisherId!: string;

  @ApiProperty({ example: 1_764_000_000_000, description: 'One life of the publisher.' })
  epoch!: number;

  @ApiProperty({ example: 'q3Kx0lVb5mJt2aZ1', description: 'Short name of topic, publisher and epoch.' })
  stream!: string;

  @ApiProperty({ example: 42, description: 'Place in the stream: 1, 2, 3 … without holes.' })
  seq!: number;

  @ApiProperty({ example: '2026-01-31T12:00:00.000Z', format: 'date-time' })
  publishedAt!: string;
}

/** A message as clients get it. */
export class MessageBody extends MessageFields {
  @ApiProperty({
    description: 'The JSON value that was published; bytes as `{"$bytes": base64}`.',
    type: 'object',
    additionalProperties: true,
    example: 'hello world',
  })
  message!: unknown;

  @ApiProperty({ type: 'object', additionalProperties: { type: 'string' }, example: {} })
  headers!: Record<string, string>;
}

/** Messages that are lost to a reader: `from` to `to`, both inclusive. */
export class GapBody {
  @ApiProperty({ example: 'chat' })
  topic!: string;

  @ApiProperty({ example: 'A', description: 'Name of the node at which they entered.' })
  publisher!: string;

  @ApiProperty({ example: 'Fb1eJ6PqgXVG0UvwaEOZtW7VN6ywmPTjZUoSTrXfSLc' })
  publisherId!: string;

  @ApiProperty({ example: 'q3Kx0lVb5mJt2aZ1' })
  stream!: string;

  @ApiProperty({ example: 1_764_000_000_000 })
  epoch!: number;

  @ApiProperty({ example: 40 })
  from!: number;

  @ApiProperty({ example: 41 })
  to!: number;

  @ApiProperty({ enum: ['retention', 'key', 'late'], example: 'key' })
  reason!: string;
}

/** Which messages are asked for. */
export class MessagesQuery {
  @ApiProperty({ example: 'chat', description: 'A topic that this node or a client of it is subscribed to.' })
  @IsString()
  topic!: string;

  @ApiPropertyOptional({ description: 'The `next` of an earlier page. Default: from the oldest that is retained.' })
  @IsOptional()
  @IsString()
  after?: string;

  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: PAGE_MAX, default: PAGE_DEFAULT, example: 10 })
  @FromDigits()
  @WholeNumber({ min: 1, max: PAGE_MAX })
  limit?: number;
}

/** Messages in the order in which they arrived at this node. */
export class MessagePageBody {
  @ApiProperty({ type: [MessageBody] })
  items!: MessageBody[];

  @ApiProperty({
    type: [GapBody],
    description: 'Messages among these that this node cannot open, as their key is missing.',
  })
  gaps!: GapBody[];

  @ApiProperty({ example: 'AQGbNn0hAAEM', description: 'A cursor, good for the next page and at any later time.' })
  next!: string;
}
