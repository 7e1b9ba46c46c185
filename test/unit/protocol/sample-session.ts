import { sealBundle, signBundle, verifyBundle, BUNDLE_SEAL_BYTES } from '../../../src/crypto/bundle-seal.js';
import type { HandshakeOutcome } from '../../../src/crypto/handshake.js';
import { publicKeyOf, verifySignature } from '../../../src/crypto/signature.js';
import { keyIdOf, wrapTopicKey } from '../../../src/crypto/topic-keys.js';
import { ContentWriter } from '../../../src/gossip/bundles/bundle-content.js';
import {
  clusterTagOf,
  decodeBundle,
  encodeHeader,
  joinBundle,
  type Bundle,
} from '../../../src/gossip/bundles/bundle.js';
import { GossipCore } from '../../../src/gossip/dissemination/gossip-core.js';
import { decodeGossipFrame, encodeGossipFrame } from '../../../src/gossip/bundles/gossip-frame-codec.js';
import type { GossipFrame } from '../../../src/gossip/bundles/gossip-frames.js';
import type { GossipOutput } from '../../../src/gossip/dissemination/gossip-protocol.js';
import { streamOf } from '../../../src/gossip/bundles/stream.js';
import { AccusationBook } from '../../../src/peers/membership/accusation-book.js';
import { Directory } from '../../../src/peers/membership/directory.js';
import {
  encodeSegmentBody,
  signedSegment,
  type SignedInterestSegment,
} from '../../../src/peers/interest/interest-segment.js';
import type { InterestEntry } from '../../../src/peers/interest/interest.js';
import { encodeRecord } from '../../../src/peers/links/link-queue.js';
import { encodePeerFrame } from '../../../src/peers/membership/peer-frame-codec.js';
import type { PeerFrame } from '../../../src/peers/membership/peer-frames.js';
import { TableSync } from '../../../src/peers/membership/table-sync.js';
import { Random } from '../../../src/runtime/random.js';
import { CLUSTER, EPOCHS, sampleBytes, type SampleName, type SampleNode } from './sample-node.js';

const TOPIC = 'news';
export const PAYLOAD = Buffer.from('{"hello":"world"}');
const INTEREST_SINCE_MS = 1_767_225_601_500;
export const PUBLISHED_AT_MS = 1_767_225_602_000;

/** What differs each time it is made, and is therefore taken from the page. */
export interface Recorded {
  readonly records: Readonly<Record<SampleName, string>>;
  /** A JWE for B. */
  readonly envelope: string;
}

/** The signature by a node over `bytes`. */
type SignAs = (node: SampleNode, bytes: Uint8Array) => Buffer;

/** One message on the transport; from the fifth on with the record that it seals. */
interface Sent {
  readonly wire: Buffer;
  readonly record: Buffer | undefined;
}

export interface SampleSession {
  readonly sent: readonly Sent[];
  readonly bundle: Bundle;
  readonly content: Buffer;
  readonly ends: Readonly<Record<SampleName, HandshakeOutcome>>;
  readonly digests: Readonly<Record<SampleName, string>>;
  /** What A's core says once B has acknowledged. */
  readonly told: readonly GossipOutput<Bundle>[];
}

/** Two nodes from hello to a message that is delivered and acknowledged, made with the code that real nodes run. */
export async function playSession(
  { A, B }: Readonly<Record<SampleName, SampleNode>>,
  recorded: Recorded,
  signAs: SignAs,
): Promise<SampleSession> {
  const sent: Sent[] = [];
  const ends = await shakeHands({ A, B }, recorded, signAs, sent);
  const send = (from: SampleName, ...frames: readonly Buffer[]): void => {
    const record = encodeRecord(frames.map((frame) => [frame]));
    sent.push({ record, wire: ends[from].send.seal(record) });
  };

  const segments = { A: segmentOf(A, [], signAs), B: segmentOf(B, [entryOf(TOPIC)], signAs) };
  const directories = { A: directoryOf(A, ends.B, segments.A), B: directoryOf(B, ends.A, segments.B) };
  for (const [name, end] of [
    ['A', ends.A],
    ['B', ends.B],
  ] as const) {
    directories[name].putRecord(end.record, end.recordJws, { state: 'alive', sinceMs: 0 });
  }
  const ping = (name: SampleName): Buffer => membership({ type: 'ping', probe: 0, digest: directories[name].digest() });
  const ack = (name: SampleName, wallMs: number): Buffer =>
    membership({ type: 'ack', probe: 0, digest: directories[name].digest(), wallMs });
  const known = (name: SampleName, version: number): Buffer =>
    membership({ type: 'known', epoch: EPOCHS[name], version });

  const [page] = new TableSync(directories.A, new AccusationBook()).pages();
  send('A', membership(page!), ping('A'));
  const answer = new TableSync(directories.B, new AccusationBook()).answer(page!, 0);
  const request: PeerFrame = { type: 'sync-request', ids: answer.wanted.map(({ id }) => id) };
  send('B', ping('B'), ...answer.frames.map(membership), membership(request), ack('B', PUBLISHED_AT_MS - 400));
  directories.A.mergeSegment(segments.B);
  const told = new TableSync(directories.A, new AccusationBook()).tell([A.id], 0);
  send('A', ack('A', PUBLISHED_AT_MS - 399), known('B', 1), ...told.map(membership));
  directories.B.mergeSegment(segments.A);
  send('B', known('A', 1));

  const { bundle, content } = bundleOf(A, signAs);
  const cores = { A: coreOf(directories.A, B.id), B: coreOf(directories.B, A.id) };
  const pushed = cores.A.handle({ type: 'published', bundle }, 0).find((output) => output.type === 'push')!;
  cores.A.handle({ type: 'logged', entries: [{ stream: bundle.stream.id, lastSeq: bundle.lastSeq }] }, 0);
  send('A', gossip(grantOf(bundle, recorded.envelope)), gossip(dataOf(pushed)));
  const acked = receive(cores.B, A, bundle).find((output) => output.type === 'send')!;
  send('B', gossip(acked.frame));

  const { stream, lastSeq: seq } = bundle;
  cores.A.handle({ type: 'await', id: 1, stream: stream.id, seq, level: 'all' }, 0);
  const frame = decodeGossipFrame(encodeGossipFrame(acked.frame));
  if (!frame.ok || frame.value.type !== 'ack') throw new Error('the answer to a bundle is an ack');
  const outputs = cores.A.handle({ type: 'frame', peer: B.id, frame: frame.value }, 0);
  const digests = { A: directories.A.digest(), B: directories.B.digest() };
  return { sent, bundle, content, ends, digests, told: outputs };
}

async function shakeHands(
  { A, B }: Readonly<Record<SampleName, SampleNode>>,
  { records }: Recorded,
  signAs: SignAs,
  sent: Sent[],
): Promise<Readonly<Record<SampleName, HandshakeOutcome>>> {
  const initiator = A.handshake('initiator', records.A, (bytes) => signAs(A, bytes));
  const responder = B.handshake('responder', records.B, (bytes) => signAs(B, bytes));
  const ends: Partial<Record<SampleName, HandshakeOutcome>> = {};
  let message = initiator.start();
  for (let isForB = true; message !== undefined; isForB = !isForB) {
    sent.push({ wire: message, record: undefined });
    const step = await (isForB ? responder : initiator).handle(message);
    if (step.refused !== undefined) throw new Error(step.refused);
    if (step.done !== undefined) ends[isForB ? 'B' : 'A'] = step.done;
    message = step.send;
  }
  return { A: ends.A!, B: ends.B! };
}

function directoryOf(node: SampleNode, peersEnd: HandshakeOutcome, segment: SignedInterestSegment): Directory {
  // What the other end learned in the handshake is this node's own record.
  const directory = new Directory({ record: peersEnd.record, jws: peersEnd.recordJws });
  if (directory.self !== node.id) throw new Error('the handshake told of another node');
  directory.mergeSegment(segment);
  return directory;
}

function entryOf(pattern: string): InterestEntry {
  return { pattern, sinceMs: INTEREST_SINCE_MS };
}

function segmentOf(node: SampleNode, added: readonly InterestEntry[], signAs: SignAs): SignedInterestSegment {
  const segment = { subject: node.id, epoch: EPOCHS[node.name], base: 0, version: 1, added, removed: [] };
  const body = encodeSegmentBody(segment);
  return signedSegment(segment, body, signAs(node, body));
}

function bundleOf(publisher: SampleNode, signAs: SignAs): { bundle: Bundle; content: Buffer } {
  const writer = new ContentWriter(PUBLISHED_AT_MS);
  const draft = { ttlMs: 60_000, headers: { lang: 'en' }, idempotencyKey: undefined, payload: PAYLOAD };
  writer.append({ ...draft, encoding: 'json' }, PUBLISHED_AT_MS);
  const key = sampleBytes('topic key');
  const { timeMs, ttlMs } = writer;
  const content = writer.finish();
  const stream = streamOf(TOPIC, publisher.id, EPOCHS[publisher.name]);
  const fields = { stream, firstSeq: 1, lastSeq: 1, keyId: keyIdOf(key), counter: 0, timeMs, ttlMs };
  const header = encodeHeader(fields, clusterTagOf(CLUSTER), content.length + BUNDLE_SEAL_BYTES);
  const ciphertext = sealBundle({ header, key, counter: 0, plaintext: content });
  const signature = signBundle(header, ciphertext, (bytes) => signAs(publisher, bytes));
  return { bundle: joinBundle(fields, { header, ciphertext, signature }), content };
}

function coreOf(directory: Directory, peer: string): GossipCore<Bundle> {
  const world = { seqBefore: () => 0, localTimeOf: (_peer: string, theirWallMs: number) => theirWallMs };
  const core = new GossipCore<Bundle>(directory.self, directory, world, new Random(1));
  core.handle({ type: 'restored', extents: [] }, 0);
  core.handle({ type: 'linkUp', peer }, 0);
  return core;
}

function grantOf({ stream, keyId }: Bundle, envelope: string): GossipFrame {
  const pairwise = sampleBytes('pairwise key');
  const key = sampleBytes('topic key');
  const wrapped = wrapTopicKey({ pairwise, keyId, key, nonce: sampleBytes('wrap nonce', 12) });
  return { type: 'keyGrant', topic: stream.topic, envelope, keys: [{ keyId, wrapped }] };
}

function dataOf({ bundle, start }: { readonly bundle: Bundle; readonly start: number | undefined }): GossipFrame {
  return { type: 'data', isRepair: false, start, bundle: bundle.bytes };
}

/** What B's core answers when the bundle has come over the link and is in the log. */
function receive(core: GossipCore<Bundle>, from: SampleNode, sentBundle: Bundle): readonly GossipOutput<Bundle>[] {
  const bundle = decodeBundle(sentBundle.bytes, clusterTagOf(CLUSTER));
  if (!bundle.ok) throw new Error(bundle.reason);
  const { header, ciphertext, signature, stream, lastSeq } = bundle.value;
  const key = publicKeyOf(from.identity.publicKeys.signingKey);
  if (!verifyBundle(header, ciphertext, signature, key)) throw new Error('the bundle has a wrong signature');
  const input = { type: 'received', peer: from.id, bundle: bundle.value, start: 0, isRepair: false } as const;
  if (!core.handle(input, 0).some((output) => output.type === 'release')) throw new Error('nothing was released');
  return core.handle({ type: 'logged', entries: [{ stream: stream.id, lastSeq }] }, 0);
}

/** A recorded signature stands for a fresh one only if it is one over the same bytes. */
export function isSignedBy(node: SampleNode, bytes: Uint8Array, signature: Uint8Array): boolean {
  return verifySignature(publicKeyOf(node.identity.publicKeys.signingKey), bytes, signature);
}

function membership(frame: PeerFrame): Buffer {
  return Buffer.concat([Buffer.of(1), encodePeerFrame(frame)]);
}

function gossip(frame: GossipFrame): Buffer {
  return Buffer.concat([Buffer.of(2), encodeGossipFrame(frame)]);
}
