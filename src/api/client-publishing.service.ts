import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { GrapevineError } from '../runtime/errors.js';
import { SystemClock } from '../runtime/system-clock.service.js';
import type { Receipt } from '../gossip/publishing/receipt.js';
import type { PublishingOptions } from '../subscriptions/publication.js';
import { PublishingService } from '../subscriptions/publishing.service.js';
import { assertGranted, type Caller } from './auth/caller.js';
import { IdempotencyKeys } from './idempotency-keys.js';
import { ClientLimits } from './limits/client-limits.service.js';
import { asGrapevineError, problemOf, type ProblemDocument } from './problem.js';
import { readPublish } from './publish-request.js';

/** Most messages in one batch; bounds what its answer takes. */
export const BATCH_MESSAGES_MAX = 16_384;

/** One message to publish as a client sent it, and how the client wants to be told. */
export interface Ask {
  readonly value: unknown;
  readonly options: PublishingOptions;
  readonly idempotencyKey?: string | undefined;
}

/** What became of one message of a batch. */
export type BatchOutcome = Receipt | { readonly problem: ProblemDocument };

/** Publishes what REST and socket clients send, one message or many. */
@Injectable()
export class ClientPublishing {
  readonly #keys = new IdempotencyKeys();

  constructor(
    private readonly publishing: PublishingService,
    private readonly limits: ClientLimits,
    private readonly clock: SystemClock,
  ) {}

  async publish(ask: Ask, caller: Caller): Promise<Receipt> {
    this.limits.take('messages', caller.client);
    return this.#publish(ask, caller);
  }

  /** In order; what is wrong with one message keeps no other out. */
  async publishAll(asks: readonly Ask[], caller: Caller): Promise<BatchOutcome[]> {
    if (asks.length > BATCH_MESSAGES_MAX) {
      throw new GrapevineError('too-large', `A batch may have ${BATCH_MESSAGES_MAX} messages, not ${asks.length}.`);
    }
    this.limits.take('messages', caller.client, asks.length);
    return Promise.all(
      asks.map((ask) =>
        this.#publish(ask, caller).catch((error: unknown) => ({ problem: problemOf(asGrapevineError(error)) })),
      ),
    );
  }

  async #publish({ value, options, idempotencyKey }: Ask, caller: Caller): Promise<Receipt> {
    const request = readPublish(value, idempotencyKey);
    assertGranted(caller, 'publish', request.topic);
    return this.publishing.publish(request, options);
  }

  /** Runs a request whose key stands for this body; `idempotency-mismatch` when it was used for another one. */
  async underKey<Result>(key: string | undefined, body: string, run: () => Promise<Result>): Promise<Result> {
    if (key === undefined) return run();
    const fingerprint = createHash('sha256').update(body, 'utf8').digest('base64');
    if (!this.#keys.claim(key, fingerprint, this.clock.monotonicMs())) {
      throw new GrapevineError('idempotency-mismatch', 'Within ten minutes a key stands for one request.');
    }
    try {
      return await run();
    } catch (error) {
      if (asGrapevineError(error).code !== 'ack-timeout') this.#keys.release(key);
      throw error;
    }
  }
}
