import { Injectable } from '@nestjs/common';
import { Settings } from '../config/settings.js';
import { GossipService } from '../gossip/gossip.service.js';
import type { PublishInput, PublishOptions } from '../gossip/publishing/publish.js';
import type { Receipt } from '../gossip/publishing/receipt.js';
import { GrapevineError } from '../runtime/errors.js';
import { SystemClock } from '../runtime/system-clock.service.js';
import { PublicationMemory } from './publication-memory.js';
import {
  encodePublication,
  fingerprintOf,
  PUBLISH_TIMEOUT_MS_DEFAULT,
  type PublishingOptions,
  type PublishRequest,
} from './publication.js';

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
   * GrapevineError `invalid-topic`, `invalid-request`, `too-large`, `idempotency-mismatch`, `overloaded`, `draining`, `store-full`,
   * `too-many-topics`, or `ack-timeout` with the receipt in `details.extra`.
   */
  publish(request: PublishRequest, options: PublishingOptions = {}): Promise<Receipt> {
    const { ack = 'local', timeoutMs = PUBLISH_TIMEOUT_MS_DEFAULT, whenFull = 'refuse' } = options;
    let input: PublishInput;
    try {
      input = encodePublication(request, this.settings.messageBytes);
    } catch (error) {
      return Promise.reject(error);
    }
    if (input.idempotencyKey === undefined) return this.gossip.publish(input, { ack, timeoutMs, whenFull });
    return this.#publishOnce(input.idempotencyKey, input, { ack, timeoutMs, whenFull });
  }

  #publishOnce(key: string, input: PublishInput, options: PublishOptions): Promise<Receipt> {
    const nowMs = this.clock.monotonicMs();
    const fingerprint = fingerprintOf(input);
    const found = this.#memory.find(key, fingerprint, nowMs);
    if (found === 'mismatch') {
      return Promise.reject(
        new GrapevineError('idempotency-mismatch', 'within ten minutes a key stands for one message'),
      );
    }
    if (found !== undefined) return found.outcome;
    const outcome = this.gossip.publish(input, options);
    this.#memory.remember(key, { fingerprint, outcome }, nowMs);
    outcome.catch((error: unknown) => {
      // Out of time is not lost: the message is published, and trying again must not publish another.
      if (!isAckTimeout(error)) this.#memory.forget(key, outcome, this.clock.monotonicMs());
    });
    return outcome;
  }
}

function isAckTimeout(error: unknown): error is GrapevineError {
  return error instanceof GrapevineError && error.code === 'ack-timeout';
}
