import type { Gap, Message, Receipt } from '../gossip/message.js';

/** The shape in which clients get a message, over REST, SSE and Socket.IO alike. */
export interface MessageView {
  readonly id: string;
  readonly topic: string;
  /** The JSON value that was published; bytes as `{"$bytes": base64}`. */
  readonly message: unknown;
  readonly publisher: string;
  readonly publisherId: string;
  readonly epoch: number;
  readonly stream: string;
  readonly seq: number;
  readonly publishedAt: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** What `POST /publish` answers. */
export interface ReceiptView extends Omit<MessageView, 'message' | 'headers'> {
  readonly ack: Receipt['ack'];
}

/** What clients are told when messages are lost to them: `from` to `to`, both inclusive. */
export interface GapView {
  readonly topic: string;
  readonly publisher: string;
  readonly stream: string;
  readonly epoch: number;
  readonly from: number;
  readonly to: number;
  readonly reason: Gap['reason'];
}

/** Turns messages into JSON text, each once however many clients want it. */
export class MessageViews {
  readonly #texts = new WeakMap<Message, string>();

  json(message: Message): string {
    let text = this.#texts.get(message);
    if (text === undefined) {
      text = encode(message);
      this.#texts.set(message, text);
    }
    return text;
  }
}

/** Names a message everywhere: its stream and its place in it. */
export function messageId(stream: string, seq: number): string {
  return `${stream}.${seq}`;
}

export function receiptView(receipt: Receipt): ReceiptView {
  const { stream, seq } = receipt;
  return {
    id: messageId(stream.id, seq),
    topic: stream.topic,
    publisher: receipt.publisherName,
    publisherId: stream.publisher,
    epoch: stream.epoch,
    stream: stream.id,
    seq,
    publishedAt: isoTime(receipt.publishedAtMs),
    ack: receipt.ack,
  };
}

export function gapView({ stream, from, to, reason }: Gap): GapView {
  return { topic: stream.topic, publisher: stream.publisher, stream: stream.id, epoch: stream.epoch, from, to, reason };
}

// The payload is JSON text already: it is put into the document as it is, not parsed and written again.
function encode(message: Message): string {
  const { stream, seq } = message;
  const before = `{"id":"${messageId(stream.id, seq)}","topic":${JSON.stringify(stream.topic)},"message":`;
  const after = JSON.stringify({
    publisher: message.publisherName,
    publisherId: stream.publisher,
    epoch: stream.epoch,
    stream: stream.id,
    seq,
    publishedAt: isoTime(message.publishedAtMs),
    headers: message.headers ?? {},
  });
  return `${before}${valueText(message)},${after.slice(1)}`;
}

/** A payload that claims to be JSON and is not would break the document around it, so it is shown as the bytes it is. */
function valueText({ encoding, payload }: Message): string {
  if (encoding === 'json') {
    const text = payload.toString('utf8');
    // A line break can only stand between tokens; SSE needs the document on one line.
    if (isJson(text)) return text.replace(/[\r\n]/g, ' ');
  }
  return `{"$bytes":"${payload.toString('base64')}"}`;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
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
