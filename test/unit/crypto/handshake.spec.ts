import { createECDH, randomBytes } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { clusterKeysOf } from '../../../src/crypto/cluster-keys.js';
import { Handshake, HANDSHAKE_BYTES_MAX, type HandshakeOptions } from '../../../src/crypto/handshake.js';
import { encodeHello, HELLO_BYTES } from '../../../src/crypto/hello.js';
import { PROTOCOL_VERSIONS } from '../../../src/crypto/protocol-version.js';
import { shakeHands, shakeHandsOf } from './handshake-fixture.js';
import { createNode, flipped, OTHER_SECRET, SECRET, type TestNode } from './node-fixture.js';

let a: TestNode;
let b: TestNode;
beforeAll(async () => {
  a = await createNode({ name: 'A', clusterSecret: SECRET });
  b = await createNode({ name: 'B', clusterSecret: SECRET });
});

/** A handshake of `node` with some of its parts replaced, as somebody who lies would make it. */
function handshakeOf(node: TestNode, overrides: Partial<HandshakeOptions>): Handshake {
  const ephemeral = createECDH('prime256v1');
  ephemeral.generateKeys();
  return new Handshake({
    role: 'initiator',
    cluster: 'grapevine',
    versions: { min: 1, max: 1 },
    keys: [clusterKeysOf(SECRET)],
    recordJws: node.jws,
    sign: (bytes) => node.identity.sign(bytes),
    verifyRecord: (jws) => node.records.verify(jws),
    nonce: randomBytes(32),
    ephemeral,
    ...overrides,
  });
}

const initiatorOf = (node: TestNode): Handshake => node.handshakes.create('initiator', node.jws);
const responderOf = (node: TestNode): Handshake => node.handshakes.create('responder', node.jws);

describe('a handshake', () => {
  it('tells both ends who the other is and gives them ciphers that fit', async () => {
    const { initiator, responder, messages } = await shakeHandsOf(a, b);
    const version = PROTOCOL_VERSIONS.max;
    expect(initiator.done).toMatchObject({ record: { id: b.identity.id, name: 'B' }, recordJws: b.jws, version });
    expect(responder.done).toMatchObject({ record: { id: a.identity.id, name: 'A' }, recordJws: a.jws, version });
    const [ping, pong] = [Buffer.from('ping'), Buffer.from('pong')];
    expect(responder.done!.receive.open(initiator.done!.send.seal(ping))).toEqual(ping);
    expect(initiator.done!.receive.open(responder.done!.send.seal(pong))).toEqual(pong);
    expect(responder.done!.receive.open(responder.done!.send.seal(pong))).toBeUndefined();
    expect(messages).toHaveLength(4);
    expect(messages[0]).toHaveLength(HELLO_BYTES);
    for (const message of messages) expect(message.length).toBeLessThanOrEqual(HANDSHAKE_BYTES_MAX);
  });

  it('shows nothing of the nodes on the wire', async () => {
    const { messages } = await shakeHandsOf(a, b);
    const wire = Buffer.concat(messages).toString('latin1');
    for (const part of [...a.jws.split('.'), ...b.jws.split('.'), a.identity.id, 'grapevine', SECRET]) {
      expect(wire).not.toContain(part);
    }
  });

  it('gives every link other keys', async () => {
    const links = [await shakeHandsOf(a, b), await shakeHandsOf(a, b)];
    const sealed = links.map(({ initiator }) => initiator.done!.send.seal(Buffer.alloc(32)).toString('hex'));
    expect(sealed[0]).not.toBe(sealed[1]);
  });

  it('works without a secret when neither has one', async () => {
    const { initiator, responder } = await shakeHandsOf(await createNode(), await createNode());
    expect([initiator.done, responder.done]).not.toContain(undefined);
  });
});

describe('a handshake is refused', () => {
  it('at the first message with another secret, or with none on one side', async () => {
    for (const clusterSecret of [OTHER_SECRET, undefined]) {
      const stranger = await createNode(clusterSecret === undefined ? {} : { clusterSecret });
      const [out, back] = [await shakeHandsOf(stranger, a), await shakeHandsOf(a, stranger)];
      expect([out.responder, back.responder]).toEqual([{ refused: 'wrong-secret' }, { refused: 'wrong-secret' }]);
      expect([out.initiator.done, back.initiator.done]).toEqual([undefined, undefined]);
    }
  });

  it('by the initiator when the answer was made without the secret', async () => {
    const ephemeral = createECDH('prime256v1');
    ephemeral.generateKeys();
    const hello = { versions: { min: 1, max: 1 }, nonce: randomBytes(32), ephemeral: ephemeral.getPublicKey() };
    const initiator = initiatorOf(a);
    const answered = initiator.start()!;
    const forged = encodeHello({ ...hello, keys: [clusterKeysOf(OTHER_SECRET)], answered });
    expect(await initiator.handle(Buffer.concat([forged, randomBytes(600)]))).toEqual({ refused: 'wrong-secret' });
  });

  it('between clusters that share a secret', async () => {
    const stranger = await createNode({ clusterName: 'elsewhere', clusterSecret: SECRET });
    expect((await shakeHandsOf(a, stranger)).initiator).toEqual({ refused: 'wrong-cluster' });
    expect((await shakeHandsOf(stranger, a)).initiator).toEqual({ refused: 'wrong-cluster' });
    const verifyRecord = (jws: string) => a.records.verify(jws);
    const careless = handshakeOf(stranger, { verifyRecord });
    expect((await shakeHands(careless, responderOf(a))).responder).toEqual({ refused: 'wrong-cluster' });
  });

  it('when the peer speaks no common version', async () => {
    const future = handshakeOf(a, { versions: { min: PROTOCOL_VERSIONS.max + 1, max: 9 } });
    expect((await shakeHands(future, responderOf(b))).responder).toEqual({ refused: 'no-common-version' });
    const empty = handshakeOf(a, { versions: { min: 3, max: 1 } });
    expect((await shakeHands(empty, responderOf(b))).responder).toEqual({ refused: 'bad-hello' });
  });

  it('when an ephemeral key is no point on the curve', async () => {
    for (const ephemeral of [Buffer.alloc(65), Buffer.alloc(65, 4), Buffer.concat([Buffer.of(4), randomBytes(64)])]) {
      const hello = { versions: { min: 1, max: 1 }, nonce: randomBytes(32), ephemeral };
      const message = encodeHello({ ...hello, keys: [clusterKeysOf(SECRET)], answered: Buffer.alloc(0) });
      expect(await responderOf(b).handle(message)).toEqual({ refused: 'bad-hello' });
    }
  });

  it("with somebody else's record", async () => {
    const thief = handshakeOf(a, { recordJws: b.jws });
    expect((await shakeHands(thief, responderOf(b))).responder).toEqual({ refused: 'bad-signature' });
    const thievingResponder = handshakeOf(b, { role: 'responder', recordJws: a.jws });
    expect((await shakeHands(initiatorOf(a), thievingResponder)).initiator).toEqual({ refused: 'bad-signature' });
  });

  it('with a record that is not admitted, too large or no record', async () => {
    const stranger = await createNode({ name: 'C' });
    for (const recordJws of [stranger.jws, 'x'.repeat(5_000), '']) {
      const refused = { refused: recordJws.length > 4_096 ? expect.stringMatching(/^bad-/) : 'bad-record' };
      const initiator = handshakeOf(a, { recordJws });
      expect((await shakeHands(initiator, responderOf(b))).responder).toEqual(refused);
      const responder = handshakeOf(b, { role: 'responder', recordJws });
      expect((await shakeHands(initiatorOf(a), responder)).initiator).toEqual(refused);
    }
  });

  it('when the peers signed for different clusters', async () => {
    const liar = handshakeOf(a, { cluster: 'elsewhere' });
    expect((await shakeHands(liar, responderOf(b))).responder).toEqual({ refused: 'bad-signature' });
  });

  it('when a recorded one is played back to either end', async () => {
    const recorded = (await shakeHandsOf(a, b)).messages;
    const responder = responderOf(b);
    expect(await responder.handle(recorded[0]!)).toHaveProperty('send');
    expect(await responder.handle(recorded[2]!)).toEqual({ refused: 'bad-record' });
    const initiator = initiatorOf(a);
    initiator.start();
    expect(await initiator.handle(recorded[1]!)).toEqual({ refused: 'wrong-secret' });
  });

  it('when messages of two handshakes are mixed', async () => {
    const [first, second] = [initiatorOf(a), initiatorOf(a)];
    const [toFirst, toSecond] = [responderOf(b), responderOf(b)];
    const answers = [await toFirst.handle(first.start()!), await toSecond.handle(second.start()!)];
    const proof = await first.handle((answers[0] as { send: Buffer }).send);
    expect(await toSecond.handle((proof as { send: Buffer }).send)).toEqual({ refused: 'bad-record' });
  });

  it('when a hello comes back to its sender', async () => {
    const initiator = initiatorOf(a);
    const hello = initiator.start()!;
    expect(await initiator.handle(Buffer.concat([hello, randomBytes(600)]))).toEqual({ refused: 'wrong-secret' });
  });

  it('when one end takes the part of the other', async () => {
    const { messages } = await shakeHandsOf(a, b);
    expect(await responderOf(b).handle(messages[1]!)).toEqual({ refused: 'bad-hello' });
    expect(await initiatorOf(a).handle(messages[1]!)).toEqual({ refused: 'bad-hello' });
    expect(responderOf(b).start()).toBeUndefined();
  });

  it('when a message comes while the one before is being verified', async () => {
    const [initiator, responder] = [initiatorOf(a), responderOf(b)];
    const answer = (await responder.handle(initiator.start()!)) as { send: Buffer };
    const both = await Promise.all([initiator.handle(answer.send), initiator.handle(answer.send)]);
    expect(both[1]).toEqual({ refused: 'bad-hello' });
  });

  it('for good: after a refusal the right message does not help', async () => {
    const hello = initiatorOf(a).start()!;
    const responder = responderOf(b);
    expect(await responder.handle(flipped(hello, 0))).toEqual({ refused: 'bad-hello' });
    expect(await responder.handle(hello)).toEqual({ refused: 'bad-hello' });
  });
});

describe('while the secret is being replaced', () => {
  it('nodes before, during and after link in both directions, and the old secret ends with the last step', async () => {
    const before = await createNode({ clusterSecret: SECRET });
    const during = await createNode({ clusterSecret: OTHER_SECRET, clusterSecretPrevious: SECRET });
    const rollback = await createNode({ clusterSecret: SECRET, clusterSecretPrevious: OTHER_SECRET });
    const after = await createNode({ clusterSecret: OTHER_SECRET });
    const pairs = [
      [before, during],
      [during, during],
      [during, rollback],
      [during, after],
      [rollback, after],
    ] as const;
    for (const [one, other] of pairs) {
      for (const { initiator, responder } of [await shakeHandsOf(one, other), await shakeHandsOf(other, one)]) {
        expect([initiator.done, responder.done]).not.toContain(undefined);
      }
    }
    expect((await shakeHandsOf(before, after)).responder).toEqual({ refused: 'wrong-secret' });
  });
});

describe('versions', () => {
  it('settle on the highest that both speak', async () => {
    const old = handshakeOf(a, { versions: { min: 1, max: 3 } });
    const young = handshakeOf(b, { role: 'responder', versions: { min: 2, max: 7 } });
    const { initiator, responder } = await shakeHands(old, young);
    expect([initiator.done?.version, responder.done?.version]).toEqual([3, 3]);
  });
});
