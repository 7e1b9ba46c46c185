import { Decoder, Encoder } from 'socket.io-parser';
import { isNestedDeeper, JSON_TEXT_DEPTH_MAX } from './limits/json-nesting.js';

/** Socket.IO's decoder, which ten attachments bound, and which reads no payload before its depth is known. What it throws at ends the connection. */
class BoundedDecoder extends Decoder {
  override add(packet: unknown): void {
    if (typeof packet === 'string' && isNestedDeeper(packet, JSON_TEXT_DEPTH_MAX)) {
      throw new Error('the packet is nested too deep');
    }
    super.add(packet);
  }
}

/** The parser of the sockets of clients. */
export const boundedParser = { Encoder, Decoder: BoundedDecoder };
