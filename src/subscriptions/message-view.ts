import type { Gap, Message } from '../gossip/bundles/message.js';
import { isoTime, type Place } from '../gossip/bundles/place.js';
import type { NodeId } from '../peers/node-id.js';

/** The shape in which users get a message, over REST, SSE and Socket.IO and from the embedded API alike. */
export interface MessageView extends Place {
  /** The JSON value that was published; bytes over the network as `{"$bytes": base64}`, embedded as a Uint8Array. */
  readonly message: unknown;
  readonly headers: Readonly<Record<string, string>>;
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
  return viewOf(message, valueOf(message));
}

// One literal: there is a view for every message and subscriber, and putting two objects together takes 20 times as long.
function viewOf(message: Message, value: unknown): MessageView {
  const { stream, seq } = message;
  return {
    id: `${stream.id}.${seq}`,
    topic: stream.topic,
    message: value,
    publisher: message.publisherName,
    publisherId: stream.publisher,
    epoch: stream.epoch,
    stream: stream.id,
    seq,
    publishedAt: isoTime(message.publishedAtMs),
    headers: message.headers ?? {},
  };
}

// The payload is JSON text already: it is put into the document as it is, not parsed and written again.
function encode(message: Message): string {
  const place = JSON.stringify(viewOf(message, undefined));
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
  if (encoding === 'bytes') return copyOf(payload);
  try {
    return JSON.parse(payload.toString('utf8'));
  } catch {
    return copyOf(payload);
  }
}

const SLAB_BYTES = 64 * 1024;
const SLAB_SHARE_BYTES = 4 * 1024;

/** Where copies of small payloads lie side by side: memory of its own costs a small one more than all else about it. */
const slab = { bytes: new ArrayBuffer(0), used: 0 };

function copyOf(payload: Buffer): Uint8Array {
  const { length } = payload;
  if (length > SLAB_SHARE_BYTES) return new Uint8Array(payload);
  if (slab.used + length > slab.bytes.byteLength) {
    slab.bytes = new ArrayBuffer(SLAB_BYTES);
    slab.used = 0;
  }
  const copy = new Uint8Array(slab.bytes, slab.used, length);
  copy.set(payload);
  slab.used += length;
  return copy;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
