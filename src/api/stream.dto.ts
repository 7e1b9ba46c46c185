import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional, IsString } from 'class-validator';

/** What is streamed, and from where. */
export class StreamQuery {
  @ApiProperty({ example: 'chat', description: 'A topic or a pattern.' })
  @IsString()
  topic!: string;

  @ApiPropertyOptional({
    description: '`retained`, or the `id` of the last event that was received. `Last-Event-ID` wins over it.',
  })
  @IsOptional()
  @IsString()
  after?: string;

  @ApiPropertyOptional({
    description: 'A token, for `EventSource`, which cannot send headers. An `Authorization` header wins over it.',
  })
  @IsOptional()
  @IsString()
  access_token?: string;
}
