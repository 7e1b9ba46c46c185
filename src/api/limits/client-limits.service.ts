import { Injectable } from '@nestjs/common';
import { Settings } from '../../config/settings.js';
import { GrapevineError } from '../../runtime/errors.js';
import { SystemClock } from '../../runtime/system-clock.service.js';
import { RateLimit } from './rate-limit.js';

/** What is limited. */
export type Limited = 'requests' | 'messages' | 'handshakes' | 'subscriptions';

/** Clients remembered per limit. */
export const LIMITED_CLIENTS_MAX = 10_000;

/** How much one client may ask for. */
@Injectable()
export class ClientLimits {
  readonly #limits: Readonly<Record<Limited, RateLimit>>;

  constructor(
    settings: Settings,
    private readonly clock: SystemClock,
  ) {
    const { rateRequests = 0, rateMessages = 0, rateHandshakes, rateSubscriptions } = settings;
    this.#limits = {
      requests: limitOf(rateRequests),
      messages: limitOf(rateMessages),
      handshakes: limitOf(rateHandshakes),
      subscriptions: limitOf(rateSubscriptions),
    };
  }

  /** Counts `cost` of them; throws `too-many-requests`, which says how long to wait, when the client asks for too much. */
  take(what: Limited, client: string, cost = 1): void {
    const waitMs = Math.ceil(this.#limits[what].take(client, cost, this.clock.monotonicMs()));
    if (waitMs === 0) return;
    throw new GrapevineError('too-many-requests', `Too many ${what} of one client.`, {
      retryAfterMs: waitMs,
      extra: { retryAfterMs: waitMs },
    });
  }
}

function limitOf(perSecond: number): RateLimit {
  return new RateLimit({ perSecond, clientsMax: LIMITED_CLIENTS_MAX });
}
