import { Body, Controller, HttpCode, HttpStatus, Post, Query, Res, UseFilters } from '@nestjs/common';
import { ApiBody, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { Settings } from '../config/settings.js';
import { SUBSCRIBE_TIMEOUT_MS_DEFAULT } from '../subscriptions/open-subscriber.js';
import { SubscriptionsService, type NodeSubscription } from '../subscriptions/subscriptions.service.js';
import { ApiProblems } from './problem.dto.js';
import { ProblemFilter } from './problem.filter.js';
import { StrictPipe } from './strict.pipe.js';
import { KnownQuery, SubscribeBody, SubscriptionBody, UnsubscribeBody } from './subscriptions.dto.js';

/** What the node itself is subscribed to. */
@ApiTags('subscriptions')
@UseFilters(ProblemFilter)
@Controller()
export class SubscriptionsController {
  constructor(
    private readonly subscriptions: SubscriptionsService,
    private readonly settings: Settings,
  ) {}

  @Post('subscribe')
  @HttpCode(HttpStatus.CREATED)
  @ApiOperation({
    summary: 'Subscribe this node',
    description: 'Until it unsubscribes, over restarts. Waits a little for all live nodes to know.',
  })
  @ApiBody({
    type: SubscribeBody,
    examples: {
      topic: { summary: 'A topic, from now on', value: { topic: 'chat' } },
      pattern: { summary: 'A pattern, with all that is retained', value: { topic: 'news.>', after: 'retained' } },
    },
  })
  @ApiResponse({ status: 201, description: 'Subscribed.', type: SubscriptionBody })
  @ApiResponse({ status: 200, description: 'It was subscribed already.', type: SubscriptionBody })
  @ApiProblems(
    'malformed-request',
    'invalid-request',
    'invalid-pattern',
    'invalid-cursor',
    'too-large',
    'unsupported-media-type',
    'too-many-subscriptions',
    'draining',
  )
  async subscribe(
    @Body(StrictPipe) body: SubscribeBody,
    @Query(StrictPipe) query: KnownQuery,
    @Res({ passthrough: true }) reply: { status(code: number): unknown },
  ): Promise<SubscriptionBody> {
    const { topic, after } = body;
    const outcome = await this.subscriptions.subscribe(topic, { after, timeoutMs: timeoutOf(query) });
    if (!outcome.isChange) reply.status(HttpStatus.OK);
    return this.#view(outcome);
  }

  @Post('unsubscribe')
  @HttpCode(HttpStatus.OK)
  @ApiOperation({ summary: "End this node's own subscription", description: 'Its clients keep theirs.' })
  @ApiBody({ type: UnsubscribeBody, examples: { pattern: { value: { topic: 'news.>' } } } })
  @ApiResponse({ status: 200, description: 'Not subscribed, whether or not it was.', type: SubscriptionBody })
  @ApiProblems(
    'malformed-request',
    'invalid-request',
    'invalid-pattern',
    'too-large',
    'unsupported-media-type',
    'draining',
  )
  async unsubscribe(
    @Body(StrictPipe) body: UnsubscribeBody,
    @Query(StrictPipe) query: KnownQuery,
  ): Promise<SubscriptionBody> {
    return this.#view(await this.subscriptions.unsubscribe(body.topic, { timeoutMs: timeoutOf(query) }));
  }

  #view({ topic, subscriptions, known }: NodeSubscription): SubscriptionBody {
    return { topic, node: this.settings.name, subscriptions: [...subscriptions], known };
  }
}

function timeoutOf({ timeoutMs }: KnownQuery): number {
  return timeoutMs ?? SUBSCRIBE_TIMEOUT_MS_DEFAULT;
}
