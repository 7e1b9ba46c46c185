import { Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import { GossipService } from '../gossip/gossip.service.js';
import { PeersService } from '../peers/peers.service.js';
import { NodeLogger } from '../runtime/node-logger.service.js';
import { SubscriptionsService } from './subscriptions.service.js';

/** When clients should look for another node, or for this one again. */
const RETRY_AFTER_MS = 1_000;

/** Longest wait for messages that are on their way to other nodes. */
const HAND_OVER_TIMEOUT_MS = 5_000;

/** Told when the node begins to drain, before anything else happens: tell clients, end streams, finish handlers. */
export interface DrainListener {
  /** The node waits for what is returned; it must end in bounded time. */
  draining(retryAfterMs: number): void | Promise<void>;
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
    const told = await Promise.allSettled(this.#listeners.map(async (listener) => listener.draining(RETRY_AFTER_MS)));
    for (const outcome of told) {
      if (outcome.status === 'rejected')
        this.logger.error('drain.listener-failed', { cause: outcome.reason as unknown });
    }
    this.subscriptions.close();
    await this.gossip.drain(HAND_OVER_TIMEOUT_MS);
    await this.peers.leave();
    this.logger.info('drain.finished');
  }
}
