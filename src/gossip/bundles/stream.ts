import { createHash } from 'node:crypto';
import { nodeIdBytes, type NodeId } from '../../peers/node-id.js';

/** Short name of a stream: 12 bytes of SHA-256 over topic, publisher and epoch, as 16 characters of base64url. */
export type StreamId = string;

/** All messages of one (topic, publisher, epoch), numbered 1, 2, 3 … without holes. */
export interface Stream {
  readonly id: StreamId;
  readonly topic: string;
  readonly publisher: NodeId;
  /** One life of the publisher: milliseconds since 1970, and above every earlier epoch of it. */
  readonly epoch: number;
}

export const STREAM_ID_BYTES = 12;
/** Seqs are kept and sent in six bytes. */
export const SEQ_MAX = 2 ** 48 - 1;

export function streamOf(topic: string, publisher: NodeId, epoch: number): Stream {
  const epochBytes = Buffer.alloc(6);
  epochBytes.writeUIntBE(epoch, 0, 6);
  const hash = createHash('sha256').update(nodeIdBytes(publisher)).update(epochBytes).update(topic, 'utf8').digest();
  return { id: hash.subarray(0, STREAM_ID_BYTES).toString('base64url'), topic, publisher, epoch };
}
