import fc from 'fast-check';
import { streamOf, type Stream } from '../../../src/gossip/bundles/stream.js';
import { nodeIdFrom } from '../../../src/peers/node-id.js';

export { fc };

/** A bundle as the cores see it. */
export interface TestBundle {
  readonly stream: Stream;
  readonly firstSeq: number;
  readonly lastSeq: number;
  readonly byteLength: number;
}

export const nodeId = (index: number): string => nodeIdFrom(Buffer.alloc(32, index));

export const streamBy = (publisher: string, topic = 'chat', epoch = 1): Stream => streamOf(topic, publisher, epoch);

export function bundleAt(stream: Stream, firstSeq: number, lastSeq = firstSeq, byteLength = 100): TestBundle {
  return { stream, firstSeq, lastSeq, byteLength };
}
