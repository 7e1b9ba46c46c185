import fc from 'fast-check';
import type { PeerFrame } from '../../../src/peers/membership/peer-frames.js';
import { nodeIdFrom } from '../../../src/peers/node-id.js';

const id = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(nodeIdFrom);
const digest = fc.uint8Array({ minLength: 8, maxLength: 8 }).map((bytes) => Buffer.from(bytes).toString('base64url'));
const number = fc.maxSafeNat();
const stamp = fc.nat({ max: 2 ** 48 - 1 });
const state = fc.constantFrom('alive', 'suspect', 'dead', 'left');
const bytes = (length: number) =>
  fc.uint8Array({ minLength: length, maxLength: length }).map((raw) => Buffer.from(raw));
const list = <T>(item: fc.Arbitrary<T>) => fc.array(item, { maxLength: 20 });

/** A frame as a member may send it. */
export const peerFrame: fc.Arbitrary<PeerFrame> = fc.oneof(
  fc.record({ type: fc.constant('ping'), probe: number, digest }),
  fc.record({ type: fc.constant('ack'), probe: number, digest, wallMs: stamp }),
  fc.record({ type: fc.constant('ping-request'), probe: number, target: id }),
  fc.record(
    {
      type: fc.constant('ping-result'),
      probe: number,
      target: id,
      isReachable: fc.boolean(),
      wallMs: fc.maxSafeNat().map((n) => n % 2 ** 48),
    },
    { requiredKeys: ['type', 'probe', 'target', 'isReachable'] },
  ),
  fc.record({
    type: fc.constant('records'),
    items: list(fc.record({ jws: fc.string({ maxLength: 99 }), state, stateAgeMs: number })),
  }),
  fc.record({
    type: fc.constant('accusations'),
    accusations: list(
      fc.record({
        subject: id,
        epoch: stamp,
        incarnation: fc.nat({ max: 2 ** 48 - 2 }),
        state: fc.constantFrom('suspect', 'dead'),
        accuser: id,
        signature: bytes(64),
      }),
    ),
  }),
  fc.record({ type: fc.constant('segments'), segments: list(bytes(70)) }),
  fc.record({ type: fc.constant('known'), epoch: stamp, version: number }),
  fc.record({
    type: fc.constant('sync-page'),
    after: fc.option(id, { nil: undefined }),
    upTo: fc.option(id, { nil: undefined }),
    entries: list(
      fc.record({
        id,
        epoch: stamp,
        incarnation: fc.nat({ max: 2 ** 48 - 2 }),
        state,
        interestEpoch: stamp,
        interestVersion: number,
      }),
    ),
  }),
  fc.record({ type: fc.constant('sync-request'), ids: list(id) }),
  fc.record({ type: fc.constant('sync-told'), ids: list(id) }),
);
