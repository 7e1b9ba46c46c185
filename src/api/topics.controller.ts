import { Controller, Get, Param, Query, UseFilters, UseGuards } from '@nestjs/common';
import { ApiOperation, ApiParam, ApiResponse, ApiTags } from '@nestjs/swagger';
import { StatusService } from '../subscriptions/status.service.js';
import { AccessGuard, FromCaller } from './auth/access.guard.js';
import { assertGranted, grantOf, type Caller } from './auth/caller.js';
import { isGranted } from './auth/grant.js';
import { PAGE_DEFAULT } from './messages.dto.js';
import { ApiTokenProblems } from './problem.dto.js';
import { ProblemFilter } from './problem.filter.js';
import { StrictPipe } from './strict.pipe.js';
import { assertPattern } from './topic-request.js';
import { TopicPageBody, TopicsQuery } from './topics.dto.js';

/** Who is subscribed to what, in the whole cluster, as this node knows it. */
@ApiTags('topics')
@UseFilters(ProblemFilter)
@UseGuards(AccessGuard)
@Controller('topics')
export class TopicsController {
  constructor(private readonly status: StatusService) {}

  @Get()
  @ApiOperation({
    summary: 'Topics and who is subscribed to them',
    description: 'A pattern is a row of its own. With tokens: those that the token lets its bearer read.',
  })
  @ApiResponse({ status: 200, description: 'A page of topics and patterns, sorted.', type: TopicPageBody })
  @ApiTokenProblems('invalid-request')
  topics(@Query(StrictPipe) { after, limit = PAGE_DEFAULT }: TopicsQuery, @FromCaller() caller: Caller): TopicPageBody {
    const grant = grantOf(caller);
    const isShown = (topic: string): boolean => isGranted(grant, 'subscribe', topic);
    return this.status.topicRows({ after, limit, isShown }) as TopicPageBody;
  }

  @Get(':topic/subscribers')
  @ApiOperation({ summary: 'Who gets the messages of a topic' })
  @ApiParam({ name: 'topic', example: 'chat' })
  @ApiResponse({ status: 200, description: 'One row.', type: TopicPageBody })
  @ApiTokenProblems('forbidden', 'invalid-pattern')
  subscribers(@Param('topic') topic: string, @FromCaller() caller: Caller): TopicPageBody {
    assertPattern(topic);
    assertGranted(caller, 'subscribe', topic);
    return { items: [this.status.subscribersOf(topic)], next: null } as unknown as TopicPageBody;
  }
}
