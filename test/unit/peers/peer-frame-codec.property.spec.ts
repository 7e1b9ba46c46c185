import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nodeIdFrom } from '../../../src/peers/node-id.js';
import { decodePeerFrame, encodePeerFrame } from '../../../src/peers/membership/peer-frame-codec.js';
import type { PeerFrame } from '../../../src/peers/membership/peer-frames.js';

const id = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(nodeIdFrom);
const digest = fc.uint8Array({ minLength: 8, maxLength: 8 }).map((bytes) => Buffer.from(bytes).toString('base64url'));
const number = fc.maxSafeNat();
const stamp = fc.nat({ max: 2 ** 48 - 1 });
const state = fc.constantFrom('alive', 'suspect', 'dead', 'left');
const bytes = (length: number) =>
  fc.uint8Array({ minLength: length, maxLength: length }).map((raw) => Buffer.from(raw));
const list = <T>(item: fc.Arbitrary<T>) => fc.array(item, { maxLength: 20 });

const frame: fc.Arbitrary<PeerFrame> = fc.oneof(
  fc.record({ type: fc.constant('ping'), probe: number, digest }),
  fc.record({ type: fc.constant('ack'), probe: number, digest, wallMs: stamp }),
  fc.record({ type: fc.constant('ping-request'), probe: number, target: id }),
  fc.record({ type: fc.constant('ping-result'), probe: number, target: id, isReachable: fc.boolean() }),
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

describe('the codec of membership frames', () => {
  it('reads what it wrote', () => {
    fc.assert(
      fc.property(frame, (sent) => {
        expect(decodePeerFrame(encodePeerFrame(sent))).toEqual({ ok: true, value: sent });
      }),
    );
  });

  it('refuses every frame that was cut short or continued', () => {
    fc.assert(
      fc.property(frame, fc.nat(), (sent, at) => {
        const encoded = encodePeerFrame(sent);
        expect(decodePeerFrame(encoded.subarray(0, at % encoded.length)).ok).toBe(false);
        expect(decodePeerFrame(Buffer.concat([encoded, Buffer.from([0])])).ok).toBe(false);
      }),
    );
  });

  it('answers any bytes without throwing', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat({ max: 12 }), (raw, type) => {
        const outcome = decodePeerFrame(Buffer.concat([Buffer.from([type]), raw]));
        if (outcome.ok) expect(decodePeerFrame(encodePeerFrame(outcome.value))).toEqual(outcome);
      }),
      { numRuns: 1_000 },
    );
  });

  it('does not believe in counts that the bytes cannot hold', () => {
    expect(decodePeerFrame(Buffer.from([9, 0xff, 0xff, 0xff, 0x7f])).ok).toBe(false);
    expect(decodePeerFrame(Buffer.from([9, 0x80, 0x20])).ok).toBe(false);
  });
});
