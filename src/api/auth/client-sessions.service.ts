import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Alarms, type Alarm } from '../../runtime/alarms.service.js';
import { GrapevineError } from '../../runtime/errors.js';
import { SystemClock } from '../../runtime/system-clock.service.js';
import type { Grant } from './grant.js';
import { Tokens } from './tokens.service.js';

/** With the leeway of clocks a client is cut within three seconds after its token's expiry. */
const SWEEP_MS = 1_000;

/** A connection that outlives its request: what its token grants must hold as long. */
export interface ClientSession {
  readonly grant: Grant;
  /** The grant holds no longer: the client is to be told and cut. */
  expired(reason: GrapevineError): void;
}

/** The open connections that came with a token; ends them when it expires or its key is withdrawn. */
@Injectable()
export class ClientSessions implements OnApplicationShutdown {
  readonly #sessions = new Set<ClientSession>();
  readonly #alarm: Alarm;

  constructor(
    private readonly tokens: Tokens,
    private readonly clock: SystemClock,
    alarms: Alarms,
  ) {
    this.#alarm = alarms.create('client-sessions', () => this.#sweep());
  }

  /** `session.grant` may change; it is asked each time. */
  add(session: ClientSession): void {
    if (this.tokens.isOpen) return;
    this.#sessions.add(session);
    if (this.#sessions.size === 1) this.#alarm.set(this.clock.monotonicMs() + SWEEP_MS);
  }

  remove(session: ClientSession): void {
    this.#sessions.delete(session);
  }

  onApplicationShutdown(): void {
    this.#sessions.clear();
    this.#alarm.clear();
  }

  #sweep(): void {
    for (const session of this.#sessions) {
      if (this.tokens.isValid(session.grant)) continue;
      this.#sessions.delete(session);
      const reason = 'The token has expired, or its key was withdrawn.';
      session.expired(new GrapevineError('unauthorized', reason, { challenge: 'invalid_token' }));
    }
    if (this.#sessions.size > 0) this.#alarm.set(this.clock.monotonicMs() + SWEEP_MS);
  }
}
