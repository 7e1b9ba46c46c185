import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional, IsString } from 'class-validator';
import { WholeNumber } from '../config/setting-rules.js';
import { SUBSCRIBE_TIMEOUT_MS_DEFAULT } from '../subscriptions/open-subscriber.js';
import { FromDigits } from './query-number.js';

const KNOWN_TIMEOUT_MS_MAX = 60_000;

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

export class UnsubscribeBody {
  @ApiProperty({ example: 'news.>' })
  @IsString()
  topic!: string;
}

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

export class KnownFields {
  @ApiProperty({ example: 4, description: 'Live nodes that know of it, this one included.' })
  by!: number;

  @ApiProperty({ example: 4, description: 'Live nodes.' })
  of!: number;
}

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
