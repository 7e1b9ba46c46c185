import { Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import { GossipService } from '../gossip/gossip.service.js';
import { PeersService } from '../peers/peers.service.js';
import { RETRY_AFTER_MS } from '../runtime/errors.js';
import { NodeLogger } from '../runtime/node-logger.service.js';
import { SystemClock } from '../runtime/system-clock.service.js';
import { SubscriptionsService } from './subscriptions.service.js';

/** Longest wait for handlers to finish and for messages on their way to other nodes, both together. */
const DRAIN_TIMEOUT_MS = 6_000;

/** What those who are to drain must know. */
export interface Draining {
  /** When clients should look for another node, or for this one again. */
  readonly retryAfterMs: number;
  /** Nobody is waited for any longer, by the monotonic clock. */
  readonly untilMs: number;
}

/** Told when the node begins to drain, before anything else happens: tell clients, end streams, finish handlers. */
export interface DrainListener {
  /** The node waits for what is returned, which must end by `untilMs`. */
  draining(draining: Draining): void | Promise<void>;
}

/** Takes the node out of service in order: clients told, handlers finished, messages handed over, cluster left. */
@Injectable()
export class DrainService implements BeforeApplicationShutdown {
  readonly #listeners: DrainListener[] = [];
  #drained: Promise<void> | undefined;

  constructor(
    private readonly subscriptions: SubscriptionsService,
    private readonly gossip: GossipService,
    private readonly peers: PeersService,
    private readonly clock: SystemClock,
    private readonly logger: NodeLogger,
  ) {}

  get isDraining(): boolean {
    return this.#drained !== undefined;
  }

  attach(listener: DrainListener): void {
    this.#listeners.push(listener);
  }

  /** Idempotent. */
  drain(): Promise<void> {
    this.#drained ??= this.#drain();
    return this.#drained;
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.drain();
  }

  async #drain(): Promise<void> {
    this.logger.info('drain.started');
    const untilMs = this.clock.monotonicMs() + DRAIN_TIMEOUT_MS;
    const draining = { retryAfterMs: RETRY_AFTER_MS, untilMs };
    const told = await Promise.allSettled(this.#listeners.map(async (listener) => listener.draining(draining)));
    for (const outcome of told) {
      if (outcome.status === 'rejected')
        this.logger.error('drain.listener-failed', { cause: outcome.reason as unknown });
    }
    this.subscriptions.close();
    await this.gossip.drain(untilMs);
    await this.peers.leave();
    this.logger.info('drain.finished');
  }
}
