import { Controller, Get, Header, Query, UseFilters, UseGuards } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { MessageViews } from '../subscriptions/message-view.js';
import { SubscriptionsService } from '../subscriptions/subscriptions.service.js';
import { AccessGuard, FromCaller } from './auth/access.guard.js';
import { assertGranted, type Caller } from './auth/caller.js';
import { MessagePageBody, MessagesQuery, PAGE_DEFAULT } from './messages.dto.js';
import { ApiTokenProblems } from './problem.dto.js';
import { ProblemFilter } from './problem.filter.js';
import { StrictPipe } from './strict.pipe.js';
import { assertTopic } from './topic-request.js';

/** What this node has of a topic. */
@ApiTags('messages')
@UseFilters(ProblemFilter)
@UseGuards(AccessGuard)
@Controller('messages')
export class MessagesController {
  constructor(
    private readonly subscriptions: SubscriptionsService,
    private readonly views: MessageViews,
  ) {}

  @Get()
  @Header('content-type', 'application/json; charset=utf-8')
  @ApiOperation({ summary: 'Messages of a topic', description: 'In the order in which they arrived at this node.' })
  @ApiResponse({ status: 200, description: 'A page of messages.', type: MessagePageBody })
  @ApiTokenProblems('forbidden', 'invalid-request', 'invalid-topic', 'invalid-cursor', 'no-interest')
  async messages(
    @Query(StrictPipe) { topic, after, limit = PAGE_DEFAULT }: MessagesQuery,
    @FromCaller() caller: Caller,
  ): Promise<string> {
    assertTopic(topic);
    assertGranted(caller, 'subscribe', topic);
    const { items, gaps, next } = await this.subscriptions.page(topic, { after, limit });
    const texts = items.map((message) => this.views.json(message));
    const told = JSON.stringify(gaps.map((gap) => this.views.gap(gap)));
    return `{"items":[${texts.join(',')}],"gaps":${told},"next":${JSON.stringify(next)}}`;
  }
}
