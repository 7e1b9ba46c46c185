import type { Message } from '../gossip/bundles/message.js';
import type { MessageViews } from '../subscriptions/message-view.js';
import { eventText } from './events.js';

/** What is remembered for the next client: it gets the same messages in the same turn, or not at all. */
const REMEMBERED_MAX = 4;
const REMEMBERED_BYTES_MAX = 1024 * 1024;

/** One event per message, or one for all of them. */
export type EventForm = 'each' | 'together';

interface Remembered {
  readonly messages: readonly Message[];
  readonly form: EventForm;
  readonly frames: Buffer;
}

/** Messages as text for clients, made once however many clients get the same ones. */
export class MessageFrames {
  #remembered: Remembered[] = [];

  constructor(private readonly views: MessageViews) {}

  /** Socket.IO's packets, one behind the other. */
  texts(messages: readonly Message[], form: EventForm): string[] {
    const jsons = messages.map((message) => this.views.json(message));
    if (form === 'together') return [eventText('messages', `[${jsons.join(',')}]`)];
    return jsons.map((json) => eventText('message', json));
  }

  /** The same as they go over a WebSocket, in one piece. */
  frames(messages: readonly Message[], form: EventForm): Buffer {
    const known = this.#remembered.find((one) => one.form === form && areSame(one.messages, messages));
    if (known !== undefined) return known.frames;
    const frames = Buffer.concat(this.texts(messages, form).flatMap(textFrame));
    if (frames.length <= REMEMBERED_BYTES_MAX) {
      this.#remembered = [{ messages, form, frames }, ...this.#remembered.slice(0, REMEMBERED_MAX - 1)];
    }
    return frames;
  }
}

/** Engine.IO's message packet with a text, as an unmasked frame of RFC 6455: header and payload. */
function textFrame(text: string): [Buffer, Buffer] {
  const payload = Buffer.from(`4${text}`, 'utf8');
  const { length } = payload;
  if (length < 126) return [Buffer.of(FINAL_TEXT, length), payload];
  const header = Buffer.alloc(length < 0x1_0000 ? 4 : 10);
  header[0] = FINAL_TEXT;
  header[1] = header.length === 4 ? 126 : 127;
  header.writeUIntBE(length, header.length === 4 ? 2 : 4, header.length === 4 ? 2 : 6);
  return [header, payload];
}

const FINAL_TEXT = 0x81;

function areSame(some: readonly Message[], others: readonly Message[]): boolean {
  return (
    some === others || (some.length === others.length && some.every((message, index) => message === others[index]))
  );
}
