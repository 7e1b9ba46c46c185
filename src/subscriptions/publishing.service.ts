import { Injectable } from '@nestjs/common';
import { Settings } from '../config/settings.js';
import { GossipService } from '../gossip/gossip.service.js';
import type { Receipt } from '../gossip/bundles/message.js';
import type { PublishInput, PublishOptions } from '../gossip/publishing/publish.js';
import { GrapevineError } from '../runtime/errors.js';
import { SystemClock } from '../runtime/system-clock.service.js';
import { receiptView, type ReceiptView } from './message-view.js';
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
  readonly #memory = new PublicationMemory<Promise<ReceiptView>>();

  constructor(
    private readonly settings: Settings,
    private readonly gossip: GossipService,
    private readonly clock: SystemClock,
  ) {}

  /**
   * GrapevineError `invalid-topic`, `invalid-request`, `too-large`, `idempotency-mismatch`, `overloaded`, `draining`, `store-full`,
   * `too-many-topics`, or `ack-timeout` with the receipt in `details.extra`.
   */
  async publish(request: PublishRequest, options: PublishingOptions = {}): Promise<ReceiptView> {
    const { ack = 'local', timeoutMs = PUBLISH_TIMEOUT_MS_DEFAULT, whenFull = 'refuse' } = options;
    const input = encodePublication(request, this.settings.messageBytes);
    if (input.idempotencyKey === undefined) return this.#publish(input, { ack, timeoutMs, whenFull });
    return this.#publishOnce(input.idempotencyKey, input, { ack, timeoutMs, whenFull });
  }

  #publishOnce(key: string, input: PublishInput, options: PublishOptions): Promise<ReceiptView> {
    const nowMs = this.clock.monotonicMs();
    const fingerprint = fingerprintOf(input);
    const found = this.#memory.find(key, fingerprint, nowMs);
    if (found === 'mismatch') {
      throw new GrapevineError('idempotency-mismatch', 'within ten minutes a key stands for one message');
    }
    if (found !== undefined) return found.outcome;
    const outcome = this.#publish(input, options);
    this.#memory.remember(key, { fingerprint, outcome }, nowMs);
    outcome.catch((error: unknown) => {
      // Out of time is not lost: the message is published, and trying again must not publish another.
      if (!isAckTimeout(error)) this.#memory.forget(key, outcome, this.clock.monotonicMs());
    });
    return outcome;
  }

  async #publish(input: PublishInput, options: PublishOptions): Promise<ReceiptView> {
    try {
      return receiptView(await this.gossip.publish(input, options));
    } catch (error) {
      if (!isAckTimeout(error)) throw error;
      // The user knows receipts by their view, so the error carries that.
      const extra = { ...receiptView(error.details.extra as unknown as Receipt) };
      throw new GrapevineError(error.code, error.detail, { ...error.details, extra });
    }
  }
}

function isAckTimeout(error: unknown): error is GrapevineError {
  return error instanceof GrapevineError && error.code === 'ack-timeout';
}
