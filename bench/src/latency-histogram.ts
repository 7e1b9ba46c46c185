const MIN_MS = 0.001;
const GROWTH = Math.log(1.01);
const BUCKETS = 2_048;

/** Latencies in buckets 1 % wide, from 1 µs to 11 minutes: small enough to send, exact enough to compare. */
export class LatencyHistogram {
  readonly counts: number[];

  constructor(counts?: readonly number[]) {
    this.counts = counts === undefined ? Array.from({ length: BUCKETS }, () => 0) : [...counts];
  }

  /** `times` messages that took `ms` each. */
  record(ms: number, times = 1): void {
    const bucket = ms <= MIN_MS ? 0 : Math.min(BUCKETS - 1, Math.ceil(Math.log(ms / MIN_MS) / GROWTH));
    this.counts[bucket] = (this.counts[bucket] ?? 0) + times;
  }

  add(counts: readonly number[]): void {
    counts.forEach((count, bucket) => (this.counts[bucket] = (this.counts[bucket] ?? 0) + count));
  }

  /** The latency that `share` of all stayed below; 0 when there is none. */
  percentile(share: number): number {
    let left = share * this.counts.reduce((sum, count) => sum + count, 0);
    if (left === 0) return 0;
    const bucket = this.counts.findIndex((count) => (left -= count) <= 0);
    return MIN_MS * Math.exp((bucket < 0 ? BUCKETS - 1 : bucket) * GROWTH);
  }
}
