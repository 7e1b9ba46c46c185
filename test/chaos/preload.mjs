/**
 * Loaded into a node before its own code (`--import`): stops its event loop or moves its clock when it is told to, by a
 * file with the order and SIGUSR2. The node's own code knows nothing of it.
 */
import { readFileSync } from 'node:fs';

const RealDate = Date;
let skewMs = Number(process.env['CHAOS_SKEW_MS'] ?? 0);

class SkewedDate extends RealDate {
  constructor(...given) {
    if (given.length === 0) super(SkewedDate.now());
    else super(...given);
  }

  static now() {
    return RealDate.now() + skewMs;
  }
}
globalThis.Date = SkewedDate;

process.on('SIGUSR2', () => {
  const order = JSON.parse(readFileSync(process.env['CHAOS_ORDERS'] ?? '', 'utf8'));
  if (order.skewMs !== undefined) skewMs = order.skewMs;
  if (order.blockMs !== undefined) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, order.blockMs);
});
