import { Injectable } from '@nestjs/common';
import type { AckLevel, Receipt } from '../gossip/message.js';

export interface PublishRequest {
  readonly topic: string;
  /** A JSON value, or bytes. */
  readonly message: unknown;
  readonly ttlMs?: number | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** The same key with the same request gives the first receipt again, for ten minutes. */
  readonly idempotencyKey?: string | undefined;
}

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
  /**
   * GrapevineError `invalid-topic`, `invalid-request`, `too-large`, `idempotency-mismatch`, `overloaded`, `draining`, `store-full`, or
   * `ack-timeout` with the receipt as `details.extra`.
   */
  publish(request: PublishRequest, options: PublishingOptions = {}): Promise<Receipt> {
    return Promise.reject(new Error(`not there yet: ${request.topic} ${options.ack}`));
  }
}
