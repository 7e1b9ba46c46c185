/** Where a message stands: the part of its shape that receipts and deliveries share. */
export interface Place {
  /** Stream and seq. */
  readonly id: string;
  readonly topic: string;
  /** NODE_NAME of the publisher. */
  readonly publisher: string;
  readonly publisherId: string;
  readonly epoch: number;
  /** Short id of topic, publisher and epoch. */
  readonly stream: string;
  readonly seq: number;
  /** RFC 3339, by the publisher's clock. */
  readonly publishedAt: string;
}

const TIME_MS_MAX = 8_640_000_000_000_000;

/** Messages come in runs of the same millisecond, and writing a date costs more than all else about them. */
const latest = { ms: Number.NaN, text: '' };

/** RFC 3339 in UTC; what is beyond the calendar is shown as its last moment. */
export function isoTime(ms: number): string {
  if (ms !== latest.ms) {
    latest.ms = ms;
    latest.text = new Date(Math.min(ms, TIME_MS_MAX)).toISOString();
  }
  return latest.text;
}
