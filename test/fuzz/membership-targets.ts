import fc from 'fast-check';
import {
  decodeSegment,
  encodeSegmentBody,
  signedSegment,
  segmentParts,
  type SignedInterestSegment,
} from '../../src/peers/interest/interest-segment.js';
import { decodeRecord, encodeRecord } from '../../src/peers/links/link-queue.js';
import { Decoder } from '../../src/peers/links/mesh-parser.js';
import { decodePeerFrame, encodePeerFrame } from '../../src/peers/membership/peer-frame-codec.js';
import type { PeerFrame } from '../../src/peers/membership/peer-frames.js';
import { nodeIdFrom } from '../../src/peers/node-id.js';
import { decodeRules, encodeRules, type Rules } from '../../src/peers/rules/rules-frame.js';
import { peerFrame } from '../unit/peers/peer-frame-arbitrary.js';
import { valueOf, type FuzzTarget } from './fuzz-target.js';
import { mutateBytes } from './mutate-bytes.js';
import { SAMPLES } from './samples.js';

const CORPUS = { seed: 1, numRuns: 200 };

/** What is said on the membership channel, and how frames come over a link. */
export const MEMBERSHIP_TARGETS: readonly FuzzTarget[] = [
  {
    decoder: 'decodePeerFrame',
    corpus: () => fc.sample(peerFrame, CORPUS).map(encodePeerFrame),
    mutate: mutateBytes,
    decode: (input: Buffer) => valueOf(decodePeerFrame(input)),
    encode: (frame: PeerFrame) => encodePeerFrame(frame),
  },
  {
    decoder: 'decodeSegment',
    corpus: () => fc.sample(segment, CORPUS).map(({ bytes }) => bytes),
    mutate: mutateBytes,
    decode: (input: Buffer) => valueOf(decodeSegment(input)),
    encode: (read: SignedInterestSegment) =>
      signedSegment(read, encodeSegmentBody(read), segmentParts(read).signature).bytes,
    meaning: (read: SignedInterestSegment) => ({ ...read, bytes: undefined }),
  },
  {
    decoder: 'decodeRules',
    corpus: () => [encodeRules({ topicPolicy: 'AAAAAAAAAAA', allowList: '__________8' })],
    mutate: mutateBytes,
    decode: (input: Buffer) => valueOf(decodeRules(input)),
    encode: (rules: Rules) => encodeRules(rules),
  },
  {
    decoder: 'decodeRecord',
    corpus: () => SAMPLES.linkRecords,
    mutate: mutateBytes,
    decode: (input: Buffer) => valueOf(decodeRecord(input)),
    encode: (frames: readonly Buffer[]) => encodeRecord(frames.map((frame) => [frame])),
  },
  {
    decoder: 'Decoder',
    corpus: () => ['0', '0abc', '1', '2replaced', '4no room', '40'].map((text) => Buffer.from(text)),
    mutate: mutateBytes,
    decode: readPacket,
  },
];

const segment = fc
  .record({
    epoch: fc.nat({ max: 2 ** 48 - 1 }),
    base: fc.nat({ max: 1_000 }),
    added: fc.array(
      fc.record({ pattern: fc.constantFrom('chat', 'news.*', 'a.>', '日本.ü'), sinceMs: fc.nat({ max: 2 ** 48 - 1 }) }),
      { maxLength: 20 },
    ),
    removed: fc.array(fc.constantFrom('chat', 'news.*'), { maxLength: 5 }),
  })
  .map((fields) => {
    const removed = fields.base === 0 ? [] : fields.removed;
    const said = { ...fields, removed, subject: nodeIdFrom(Buffer.alloc(32, 7)), version: fields.base + 1 };
    return signedSegment(said, encodeSegmentBody(said), Buffer.alloc(64, 2));
  });

/** Socket.IO's parser says by throwing that a connection is to be closed; what else it may throw would be an accident. */
function readPacket(input: Buffer): unknown {
  const packets: unknown[] = [];
  const decoder = new Decoder();
  const text = input.toString('utf8');
  // A connection is made once, and everything else comes after.
  if (!text.startsWith('0')) decoder.add('0');
  decoder.on('decoded', (packet) => packets.push(packet));
  try {
    decoder.add(text);
    decoder.add(input);
  } catch (error) {
    if (!/^(not a packet of a mesh link|an? (frame|event) before the connection)$/.test((error as Error).message))
      throw error;
  }
  if (packets.length > 2) throw new Error(`${packets.length} packets of one`);
  return packets[0];
}
