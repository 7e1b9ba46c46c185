import { Body, Controller, HttpCode, HttpStatus, Post, Query, Res, UseFilters, UseGuards } from '@nestjs/common';
import { ApiBody, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { Settings } from '../config/settings.js';
import { SUBSCRIBE_TIMEOUT_MS_DEFAULT } from '../subscriptions/open-subscriber.js';
import { SubscriptionsService, type NodeSubscription } from '../subscriptions/subscriptions.service.js';
import { AccessGuard, FromCaller } from './auth/access.guard.js';
import { assertGranted, grantOf, type Caller } from './auth/caller.js';
import { isGranted } from './auth/grant.js';
import { ApiTokenProblems } from './problem.dto.js';
import { ProblemFilter } from './problem.filter.js';
import { StrictPipe } from './strict.pipe.js';
import { assertPattern } from './topic-request.js';
import { KnownQuery, SubscribeBody, SubscriptionBody, UnsubscribeBody } from './subscriptions.dto.js';

/** What the node itself is subscribed to. */
@ApiTags('subscriptions')
@UseFilters(ProblemFilter)
@UseGuards(AccessGuard)
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
  @ApiTokenProblems(
    'forbidden',
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
    @FromCaller() caller: Caller,
    @Res({ passthrough: true }) reply: { status(code: number): unknown },
  ): Promise<SubscriptionBody> {
    const { topic, after } = body;
    assertMayChange(caller, topic);
    const outcome = await this.subscriptions.subscribe(topic, { after, timeoutMs: timeoutOf(query) });
    if (!outcome.isChange) reply.status(HttpStatus.OK);
    return this.#view(outcome, caller);
  }

  @Post('unsubscribe')
  @HttpCode(HttpStatus.OK)
  @ApiOperation({ summary: "End this node's own subscription", description: 'Its clients keep theirs.' })
  @ApiBody({ type: UnsubscribeBody, examples: { pattern: { value: { topic: 'news.>' } } } })
  @ApiResponse({ status: 200, description: 'Not subscribed, whether or not it was.', type: SubscriptionBody })
  @ApiTokenProblems(
    'forbidden',
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
    @FromCaller() caller: Caller,
  ): Promise<SubscriptionBody> {
    assertMayChange(caller, body.topic);
    return this.#view(await this.subscriptions.unsubscribe(body.topic, { timeoutMs: timeoutOf(query) }), caller);
  }

  #view({ topic, subscriptions, known }: NodeSubscription, caller: Caller): SubscriptionBody {
    const grant = grantOf(caller);
    const shown = subscriptions.filter((pattern) => isGranted(grant, 'subscribe', pattern));
    return { topic, node: this.settings.name, subscriptions: shown, known };
  }
}

/** What the node wants may be changed by who may read it. */
function assertMayChange(caller: Caller, pattern: string): void {
  assertPattern(pattern);
  assertGranted(caller, 'subscribe', pattern);
}

function timeoutOf({ timeoutMs }: KnownQuery): number {
  return timeoutMs ?? SUBSCRIBE_TIMEOUT_MS_DEFAULT;
}
