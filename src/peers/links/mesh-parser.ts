/**
 * The packets of a mesh link as Socket.IO's `parser` option wants them. A frame is one binary WebSocket message and
 * nothing else; connecting and closing are short text. There are no namespaces, acknowledgements or JSON, so nothing
 * that a stranger sends is parsed beyond the tables below. The decoder throws on anything else: that is how Socket.IO
 * is told to close the connection, at both ends it catches what a parser throws.
 */
import { EventEmitter } from 'node:events';

/** The two events of a mesh link: a sealed frame, and why the other side is about to close. */
export const FRAME_EVENT = 'frame';
export const CLOSING_EVENT = 'closing';

/** Socket.IO's packet types, of which a mesh link uses five. */
const CONNECT = 0;
const DISCONNECT = 1;
const EVENT = 2;
const CONNECT_ERROR = 4;

const TEXT_LENGTH_MAX = 128;
const TEXT = /^[\w .-]*$/;

interface Packet {
  readonly type: number;
  readonly nsp: string;
  readonly data?: unknown;
}

/** Packet → what is written to the transport. */
export class Encoder {
  encode(packet: Packet): (string | Uint8Array)[] {
    switch (packet.type) {
      case CONNECT:
        return [`${CONNECT}${(packet.data as { sid?: string } | undefined)?.sid ?? ''}`];
      case DISCONNECT:
        return [`${DISCONNECT}`];
      case EVENT: {
        const [event, body] = packet.data as [string, unknown];
        if (event === FRAME_EVENT) return [body as Uint8Array];
        return [`${EVENT}${String(body).slice(0, TEXT_LENGTH_MAX)}`];
      }
      case CONNECT_ERROR: {
        const message = (packet.data as { message?: string } | undefined)?.message ?? '';
        return [`${CONNECT_ERROR}${message.replaceAll(/[^\w .-]/g, ' ').slice(0, TEXT_LENGTH_MAX)}`];
      }
      default:
        throw new Error(`a mesh link has no packets of type ${packet.type}`);
    }
  }
}

/** What came from the transport → a `decoded` event with the packet. */
export class Decoder extends EventEmitter {
  #isConnected = false;

  add(received: unknown): void {
    if (typeof received === 'string') this.#text(received);
    else this.#frame(received);
  }

  destroy(): void {
    this.#isConnected = false;
  }

  #frame(received: unknown): void {
    if (!this.#isConnected) throw new Error('a frame before the connection');
    this.emit('decoded', { type: EVENT, nsp: '/', data: [FRAME_EVENT, received] } satisfies Packet);
  }

  #text(text: string): void {
    const body = text.slice(1);
    if (text.length > TEXT_LENGTH_MAX + 1 || !TEXT.test(body)) throw new Error('not a packet of a mesh link');
    this.emit('decoded', this.#packet(text[0], body));
  }

  #packet(type: string | undefined, body: string): Packet {
    switch (type) {
      case `${CONNECT}`:
        // Socket.IO would make a socket of each until the first is through, and the handshake's bounds count connections.
        if (this.#isConnected) throw new Error('connected twice');
        this.#isConnected = true;
        return body === '' ? { type: CONNECT, nsp: '/' } : { type: CONNECT, nsp: '/', data: { sid: body } };
      case `${DISCONNECT}`:
        return { type: DISCONNECT, nsp: '/' };
      case `${EVENT}`:
        if (!this.#isConnected) throw new Error('an event before the connection');
        return { type: EVENT, nsp: '/', data: [CLOSING_EVENT, body] };
      case `${CONNECT_ERROR}`:
        return { type: CONNECT_ERROR, nsp: '/', data: { message: body } };
      default:
        throw new Error('not a packet of a mesh link');
    }
  }
}
