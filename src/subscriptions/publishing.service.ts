import { Injectable } from '@nestjs/common';
import { Settings } from '../config/settings.js';
import { GossipService } from '../gossip/gossip.service.js';
import type { AckLevel, Receipt } from '../gossip/message.js';
import type { PublishInput, PublishOptions } from '../gossip/publish.js';
import { GrapevineError } from '../runtime/errors.js';
import { SystemClock } from '../runtime/system-clock.service.js';
import { PublicationMemory } from './publication-memory.js';
import { encodePublication, fingerprintOf, type PublishRequest } from './publication.js';

export type { PublishRequest } from './publication.js';

const PUBLISH_TIMEOUT_MS = 5_000;

export interface PublishingOptions {
  /** Default `local`. */
  readonly ack?: AckLevel | undefined;
  /** Default 5,000. */
  readonly timeoutMs?: number | undefined;
  /** Default `refuse`. */
  readonly whenFull?: 'wait' | 'refuse' | undefined;
}

/** Publishes for users: checks, encodes, and remembers idempotency keys. */
@Injectable()
export class PublishingService {
  readonly #memory = new PublicationMemory<Promise<Receipt>>();

  constructor(
    private readonly settings: Settings,
    private readonly gossip: GossipService,
    private readonly clock: SystemClock,
  ) {}

  /**
   * GrapevineError `invalid-topic`, `invalid-request`, `too-large`, `idempotency-mismatch`, `overloaded`, `draining`, `store-full`, or
   * `ack-timeout` with the receipt in `details.extra`.
   */
  async publish(request: PublishRequest, options: PublishingOptions = {}): Promise<Receipt> {
    const { ack = 'local', timeoutMs = PUBLISH_TIMEOUT_MS, whenFull = 'refuse' } = options;
    const input = encodePublication(request, this.settings.messageBytes);
    if (input.idempotencyKey === undefined) return this.gossip.publish(input, { ack, timeoutMs, whenFull });
    return this.#publishOnce(input.idempotencyKey, input, { ack, timeoutMs, whenFull });
  }

  #publishOnce(key: string, input: PublishInput, options: PublishOptions): Promise<Receipt> {
    const nowMs = this.clock.monotonicMs();
    const fingerprint = fingerprintOf(input);
    const found = this.#memory.find(key, fingerprint, nowMs);
    if (found === 'mismatch') {
      throw new GrapevineError('idempotency-mismatch', 'within ten minutes a key stands for one message');
    }
    if (found !== undefined) return found.outcome;
    const outcome = this.gossip.publish(input, options);
    this.#memory.remember(key, { fingerprint, outcome }, nowMs);
    outcome.catch((error: unknown) => {
      // Out of time is not lost: the message is published, and trying again must not publish another.
      const isPublished = error instanceof GrapevineError && error.code === 'ack-timeout';
      if (!isPublished) this.#memory.forget(key, outcome);
    });
    return outcome;
  }
}
