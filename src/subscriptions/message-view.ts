import type { Gap, Message, Receipt } from '../gossip/bundles/message.js';
import type { NodeId } from '../peers/node-id.js';

/** The shape in which users get a message, over REST, SSE and Socket.IO and from the embedded API alike. */
export interface MessageView {
  readonly id: string;
  readonly topic: string;
  /** The JSON value that was published; bytes over the network as `{"$bytes": base64}`, embedded as a Uint8Array. */
  readonly message: unknown;
  readonly publisher: string;
  readonly publisherId: string;
  readonly epoch: number;
  readonly stream: string;
  readonly seq: number;
  readonly publishedAt: string;
  readonly headers: Readonly<Record<string, string>>;
}

type Place = Omit<MessageView, 'message' | 'headers'>;

/** Where a message went, and how many logs hold it. */
export interface ReceiptView extends Place {
  readonly ack: Receipt['ack'];
}

/** What clients are told when messages are lost to them: `from` to `to`, both inclusive. */
export interface GapView {
  readonly topic: string;
  readonly publisher: string;
  readonly publisherId: string;
  readonly stream: string;
  readonly epoch: number;
  readonly from: number;
  readonly to: number;
  readonly reason: Gap['reason'];
}

/** Turns messages into JSON text, each once however many clients want it; and gaps. */
export class MessageViews {
  readonly #texts = new WeakMap<Message, string>();

  /** Names of publishers stand in messages but not in gaps: `nameOf` finds them. */
  constructor(private readonly nameOf: (publisher: NodeId) => string) {}

  json(message: Message): string {
    let text = this.#texts.get(message);
    if (text === undefined) {
      text = encode(message);
      this.#texts.set(message, text);
    }
    return text;
  }

  gap({ stream, from, to, reason }: Gap): GapView {
    const { topic, publisher, epoch, id } = stream;
    return { topic, publisher: this.nameOf(publisher), publisherId: publisher, stream: id, epoch, from, to, reason };
  }
}

/** A message with its payload read: the JSON value, or a copy of the bytes, as others read the same bundle. */
export function messageView(message: Message): MessageView {
  return { ...placeOf(message), message: valueOf(message), headers: message.headers ?? {} };
}

/** Where a message went, as users get it. */
export function receiptView(receipt: Receipt): ReceiptView {
  return { ...placeOf(receipt), ack: receipt.ack };
}

function placeOf({ stream, seq, publisherName, publishedAtMs }: Omit<Receipt, 'ack'>): Place {
  return {
    id: `${stream.id}.${seq}`,
    topic: stream.topic,
    publisher: publisherName,
    publisherId: stream.publisher,
    epoch: stream.epoch,
    stream: stream.id,
    seq,
    publishedAt: isoTime(publishedAtMs),
  };
}

// The payload is JSON text already: it is put into the document as it is, not parsed and written again.
function encode(message: Message): string {
  const place = JSON.stringify({ ...placeOf(message), headers: message.headers ?? {} });
  return `${place.slice(0, -1)},"message":${valueText(message)}}`;
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

/** A payload that claims to be JSON and is not is given as the bytes it is. */
function valueOf({ encoding, payload }: Message): unknown {
  if (encoding === 'bytes') return new Uint8Array(payload);
  try {
    return JSON.parse(payload.toString('utf8'));
  } catch {
    return new Uint8Array(payload);
  }
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
function isoTime(ms: number): string {
  if (ms !== latest.ms) {
    latest.ms = ms;
    latest.text = new Date(Math.min(ms, TIME_MS_MAX)).toISOString();
  }
  return latest.text;
}
