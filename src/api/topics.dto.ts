import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional, IsString } from 'class-validator';
import { WholeNumber } from '../config/setting-rules.js';
import { PAGE_DEFAULT, PAGE_MAX } from './messages.dto.js';
import { FromDigits } from './query-number.js';

/** Which page of topics is asked for. */
export class TopicsQuery {
  @ApiPropertyOptional({ description: 'The `next` of an earlier page.' })
  @IsOptional()
  @IsString()
  after?: string;

  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: PAGE_MAX, default: PAGE_DEFAULT, example: 100 })
  @FromDigits()
  @WholeNumber({ min: 1, max: PAGE_MAX })
  limit?: number;
}

/** Who is subscribed to a topic or pattern, as this node knows it. */
export class TopicRowBody {
  @ApiProperty({ example: 'chat' })
  topic!: string;

  @ApiProperty({ example: ['A', 'B', 'C', 'D'], description: 'Names of the live nodes, sorted.' })
  nodes!: string[];

  @ApiProperty({ example: 0, description: 'Clients connected to this node that want it.' })
  clients!: number;

  @ApiProperty({ example: 120, description: 'How old the knowledge about the other nodes is at most.' })
  knownAgeMs!: number;
}

/** Topics and patterns, sorted. */
export class TopicPageBody {
  @ApiProperty({ type: [TopicRowBody] })
  items!: TopicRowBody[];

  @ApiProperty({
    type: String,
    nullable: true,
    example: null,
    description: '`after` of the next page, null at the end.',
  })
  next!: string | null;
}
