import { Decoder, Encoder } from 'socket.io-parser';
import { isNestedDeeper, JSON_TEXT_DEPTH_MAX } from './limits/json-nesting.js';

/** Namespaces that one connection may name: that of clients, and one more to be told that it is none. */
const NAMESPACES_MAX = 2;

/** The first character of a packet: its type. */
const CONNECT = '0';
const DISCONNECT = '1';

/** Socket.IO's decoder, which ten attachments bound, and which reads no payload before its depth is known. What it throws at ends the connection. */
class BoundedDecoder extends Decoder {
  readonly #namespaces = new Set<string>();

  override add(packet: unknown): void {
    if (typeof packet === 'string' && isNestedDeeper(packet, JSON_TEXT_DEPTH_MAX)) {
      throw new Error('the packet is nested too deep');
    }
    if (typeof packet === 'string') this.#follow(packet);
    super.add(packet);
  }

  /** Socket.IO makes a socket for each request to enter until the first is through; here one is taken at a time. */
  #follow(packet: string): void {
    if (packet[0] === DISCONNECT) this.#namespaces.delete(namespaceOf(packet));
    if (packet[0] !== CONNECT) return;
    const namespace = namespaceOf(packet);
    if (this.#namespaces.has(namespace) || this.#namespaces.size >= NAMESPACES_MAX) {
      throw new Error('the connection asks again to enter');
    }
    this.#namespaces.add(namespace);
  }
}

/** As the decoder reads it: from a slash to the first comma, `/` when there is no slash. */
function namespaceOf(packet: string): string {
  if (packet[1] !== '/') return '/';
  const end = packet.indexOf(',');
  return packet.slice(1, end === -1 ? undefined : end);
}

/** The parser of the sockets of clients. */
export const boundedParser = { Encoder, Decoder: BoundedDecoder };
