import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { HELLO_BYTES } from '../../../src/crypto/hello.js';
import { shakeHandsOf } from './handshake-fixture.js';
import { createNode, flipped, SECRET, type TestNode } from './node-fixture.js';

let a: TestNode;
let b: TestNode;
beforeAll(async () => {
  a = await createNode({ name: 'A', clusterSecret: SECRET });
  b = await createNode({ name: 'B', clusterSecret: SECRET });
});

/** Changes that never leave a message as it was. */
const mutation = fc.oneof(
  fc.nat().map((bit) => (message: Buffer) => flipped(message, bit % (message.length * 8))),
  fc.nat().map((length) => (message: Buffer) => message.subarray(0, length % message.length)),
  fc.uint8Array({ minLength: 1, maxLength: 9_000 }).map((tail) => (message: Buffer) => Buffer.concat([message, tail])),
  fc.uint8Array({ minLength: 0, maxLength: 5_000 }).map((bytes) => () => Buffer.from(bytes)),
  fc.tuple(fc.nat(), fc.uint8Array({ minLength: 1, maxLength: 64 })).map(([at, bytes]) => (message: Buffer) => {
    const offset = at % (message.length + 1);
    return Buffer.concat([message.subarray(0, offset), bytes, message.subarray(offset)]);
  }),
);

describe('a handshake on a hostile wire', () => {
  it('is refused when any message was changed in any way, and never throws', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 4 }), mutation, async (target, mutate) => {
        const { initiator, responder } = await shakeHandsOf(a, b, (message, number) =>
          number === target ? mutate(message) : message,
        );
        const receiver = target % 2 === 1 ? responder : initiator;
        // A MAC of message 1 may be of a secret that its receiver does not know; its sender then refuses the answer.
        const refused = receiver.refused ?? (target === 1 ? initiator.refused : undefined);
        expect(refused).toMatch(/^(bad-hello|wrong-secret|bad-record|bad-signature)$/);
        expect(initiator.done).toBeUndefined();
        // The responder is through when it has sent message 4: nobody can tell it that this was lost or changed.
        if (target < 4) expect(responder.done).toBeUndefined();
      }),
      { numRuns: 200 },
    );
  });

  it('answers noise of the size of a hello with nothing', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: HELLO_BYTES, maxLength: HELLO_BYTES }), async (noise) => {
        const magic = Buffer.concat([Buffer.from('GRPV'), Buffer.of(1, 1), noise.subarray(6)]);
        expect(await b.handshakes.create('responder', b.jws).handle(noise)).toEqual({ refused: 'bad-hello' });
        expect(await b.handshakes.create('responder', b.jws).handle(magic)).toEqual({ refused: 'wrong-secret' });
      }),
    );
  });
});
