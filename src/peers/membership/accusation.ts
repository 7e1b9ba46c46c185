import { ByteWriter } from '../../wire/byte-writer.js';
import { nodeIdBytes, type NodeId } from '../node-id.js';

/** What one node says of another: that it does not answer (`suspect`), or that its time to refute is over (`dead`). */
export interface Accusation {
  readonly subject: NodeId;
  /** The life and incarnation of the subject that are meant: anything fresher is not accused. */
  readonly epoch: number;
  readonly incarnation: number;
  readonly state: 'suspect' | 'dead';
  readonly accuser: NodeId;
}

/** ES256 by the accuser over `accusationBytes`, 64 bytes. */
export interface SignedAccusation extends Accusation {
  readonly signature: Buffer;
}

/** The bytes that the accuser signs. */
export function accusationBytes(accusation: Accusation): Buffer {
  return new ByteWriter(128)
    .raw(DOMAIN)
    .raw(nodeIdBytes(accusation.subject))
    .u48(accusation.epoch)
    .varint(accusation.incarnation)
    .u8(accusation.state === 'dead' ? 1 : 0)
    .raw(nodeIdBytes(accusation.accuser))
    .finish();
}

const DOMAIN = Buffer.from('grapevine accusation 1\0');
