import { SchedulerRegistry } from '@nestjs/schedule';
import { Settings } from '../../../src/config/settings.js';
import { BundleLog } from '../../../src/gossip/log/bundle-log.service.js';
import type { BundleStore } from '../../../src/gossip/store/bundle-store.js';
import {
  clusterTagOf,
  encodeHeader,
  joinBundle,
  SIGNATURE_BYTES,
  type Bundle,
} from '../../../src/gossip/bundles/bundle.js';
import type { Stream } from '../../../src/gossip/bundles/stream.js';
import { Alarms } from '../../../src/runtime/alarms.service.js';
import type { Clock } from '../../../src/runtime/clock.js';
import { NodeLogger } from '../../../src/runtime/node-logger.service.js';

export const KEY = Buffer.alloc(16, 1).toString('base64url');

/** Wall clock in the hands of the test. */
export class HandClock implements Clock {
  constructor(public nowMs = 1_000_000) {}

  wallMs(): number {
    return this.nowMs;
  }

  machineMs(): number {
    return this.nowMs;
  }

  monotonicMs(): number {
    return this.nowMs;
  }

  notBefore(wallMs: number): void {
    this.nowMs = Math.max(this.nowMs, wallMs);
  }
}

/** A log over `store` that sweeps only when it is asked to. */
export async function openLog(
  store: BundleStore,
  clock: HandClock,
  bounds: Partial<Pick<Settings, 'retentionBytes' | 'retentionMessages' | 'retentionMs' | 'dataBytes'>> = {},
): Promise<BundleLog> {
  const settings = Object.assign(new Settings(), bounds);
  const logger = new NodeLogger({ node: 'test', level: 'silent', format: 'json' });
  // The alarms' clock stands still, so that they never ring during a test.
  const alarms = new Alarms(new SchedulerRegistry(), new HandClock(0));
  const log = new BundleLog(store, settings, clock, logger, alarms);
  await log.open();
  return log;
}

/** Bytes of all bundles, as the books per topic have them. */
export function bytesOf(log: BundleLog): number {
  return log.topics().reduce((sum, { bytes }) => sum + bytes, 0);
}

/** A bundle with the given place; sealed by nobody, which the log does not mind. */
export function bundleAt(stream: Stream, firstSeq: number, lastSeq = firstSeq, keyId = KEY, bodyBytes = 100): Bundle {
  const fields = { stream, firstSeq, lastSeq, keyId, counter: 0, timeMs: 5, ttlMs: undefined };
  const ciphertext = Buffer.alloc(bodyBytes, firstSeq % 251);
  const header = encodeHeader(fields, clusterTagOf('grapevine'), ciphertext.length);
  return joinBundle(fields, { header, ciphertext, signature: Buffer.alloc(SIGNATURE_BYTES) });
}
