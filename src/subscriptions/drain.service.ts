import { Injectable } from '@nestjs/common';

/** Told when the node begins to drain, before anything else happens: tell clients, end streams. */
export interface DrainListener {
  draining(retryAfterMs: number): void;
}

/** Takes the node out of service in order: clients told, handlers finished, messages handed over, cluster left. */
@Injectable()
export class DrainService {
  get isDraining(): boolean {
    return false;
  }

  attach(listener: DrainListener): void {
    throw new Error(`not there yet: ${typeof listener}`);
  }

  /** Idempotent. */
  drain(): Promise<void> {
    return Promise.resolve();
  }
}
