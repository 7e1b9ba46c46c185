import { Controller, Get, Header, Query, UseFilters } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { MessageViews } from '../subscriptions/message-view.js';
import { SubscriptionsService } from '../subscriptions/subscriptions.service.js';
import { MessagePageBody, MessagesQuery, PAGE_DEFAULT } from './messages.dto.js';
import { ApiProblems } from './problem.dto.js';
import { ProblemFilter } from './problem.filter.js';
import { StrictPipe } from './strict.pipe.js';

/** What this node has of a topic. */
@ApiTags('messages')
@UseFilters(ProblemFilter)
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
  @ApiProblems('invalid-request', 'invalid-topic', 'invalid-cursor', 'no-interest')
  messages(@Query(StrictPipe) { topic, after, limit = PAGE_DEFAULT }: MessagesQuery): string {
    const { items, next } = this.subscriptions.page(topic, { after, limit });
    const texts = items.map((message) => this.views.json(message));
    return `{"items":[${texts.join(',')}],"next":${JSON.stringify(next)}}`;
  }
}
