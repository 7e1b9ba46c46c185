import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional, IsString } from 'class-validator';
import { WholeNumber } from '../config/setting-rules.js';
import { SUBSCRIBE_TIMEOUT_MS_DEFAULT } from '../subscriptions/open-subscriber.js';
import { FromDigits } from './query-number.js';

const KNOWN_TIMEOUT_MS_MAX = 60_000;

/** What the node is to want, and from where. */
export class SubscribeBody {
  @ApiProperty({ example: 'news.>', description: 'A topic, or a pattern: `*` is one token, a final `>` the rest.' })
  @IsString()
  topic!: string;

  @ApiPropertyOptional({
    example: 'retained',
    description: '`retained` or a cursor. Default: what is published from now on.',
  })
  @IsOptional()
  @IsString()
  after?: string;
}

/** What the node is not to want any more. */
export class UnsubscribeBody {
  @ApiProperty({ example: 'news.>' })
  @IsString()
  topic!: string;
}

/** How long to wait for the others. */
export class KnownQuery {
  @ApiPropertyOptional({
    type: 'integer',
    minimum: 0,
    maximum: KNOWN_TIMEOUT_MS_MAX,
    default: SUBSCRIBE_TIMEOUT_MS_DEFAULT,
    description: 'Longest wait for all live nodes to know.',
  })
  @FromDigits()
  @WholeNumber({ min: 0, max: KNOWN_TIMEOUT_MS_MAX })
  timeoutMs?: number;
}

/** How far the cluster knows of a change. */
export class KnownFields {
  @ApiProperty({ example: 4, description: 'Live nodes that know of it, this one included.' })
  by!: number;

  @ApiProperty({ example: 4, description: 'Live nodes.' })
  of!: number;
}

/** What the node is subscribed to now, and who knows of it. */
export class SubscriptionBody {
  @ApiProperty({ example: 'news.>' })
  topic!: string;

  @ApiProperty({ example: 'A' })
  node!: string;

  @ApiProperty({ example: ['chat', 'news.>'], description: 'All that this node itself is subscribed to.' })
  subscriptions!: string[];

  @ApiProperty({ type: KnownFields })
  known!: KnownFields;
}
