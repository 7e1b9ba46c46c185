import { Controller, Get, Param, Query, UseFilters } from '@nestjs/common';
import { ApiOperation, ApiParam, ApiResponse, ApiTags } from '@nestjs/swagger';
import { invalidRequest } from '../runtime/errors.js';
import { StatusService } from '../subscriptions/status.service.js';
import { patternProblem } from '../topics/topic.js';
import { PAGE_DEFAULT } from './messages.dto.js';
import { ApiProblems } from './problem.dto.js';
import { ProblemFilter } from './problem.filter.js';
import { StrictPipe } from './strict.pipe.js';
import { TopicPageBody, TopicsQuery } from './topics.dto.js';

/** Who is subscribed to what, in the whole cluster, as this node knows it. */
@ApiTags('topics')
@UseFilters(ProblemFilter)
@Controller('topics')
export class TopicsController {
  constructor(private readonly status: StatusService) {}

  @Get()
  @ApiOperation({ summary: 'Topics and who is subscribed to them', description: 'A pattern is a row of its own.' })
  @ApiResponse({ status: 200, description: 'A page of topics and patterns, sorted.', type: TopicPageBody })
  @ApiProblems('invalid-request')
  topics(@Query(StrictPipe) { after, limit = PAGE_DEFAULT }: TopicsQuery): TopicPageBody {
    return this.status.topicRows({ after, limit }) as TopicPageBody;
  }

  @Get(':topic/subscribers')
  @ApiOperation({ summary: 'Who gets the messages of a topic' })
  @ApiParam({ name: 'topic', example: 'chat' })
  @ApiResponse({ status: 200, description: 'One row.', type: TopicPageBody })
  @ApiProblems('invalid-pattern')
  subscribers(@Param('topic') topic: string): TopicPageBody {
    const message = patternProblem(topic);
    if (message !== undefined) throw invalidRequest([{ field: 'topic', message }], 'invalid-pattern');
    return { items: [this.status.subscribersOf(topic)], next: null } as unknown as TopicPageBody;
  }
}
