import { createHmac } from 'node:crypto';
import { signBundle } from '../../src/crypto/bundle-seal.js';
import type { NodeRecord } from '../../src/crypto/node-record.js';
import { clusterTagOf, encodeHeader, joinBundle } from '../../src/gossip/bundles/bundle.js';
import { encodeGossipFrame } from '../../src/gossip/bundles/gossip-frame-codec.js';
import { streamOf } from '../../src/gossip/bundles/stream.js';
import { accusationBytes } from '../../src/peers/membership/accusation.js';
import { encodePeerFrame } from '../../src/peers/membership/peer-frame-codec.js';
import { encodeSegmentBody, signedSegment } from '../../src/peers/interest/interest-segment.js';
import { GOSSIP, MEMBERSHIP, type HostilePeer } from './hostile-peer.js';

/** A frame and the channel that it goes on. */
export type Forged = readonly [channel: number, body: Buffer];

/** Makes the nth frame of a kind: signed by `by`, and claimed to be from or about `subject`. */
export type Forge = (by: HostilePeer, subject: NodeRecord, nth: number) => Forged;

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const fakeSignature = Buffer.alloc(64, 7).toString('base64url');

/** A record whose header is anything, with a signature that fits none. */
function jws(header: object, record: object, signature = fakeSignature): Forged {
  return records(`${part(header)}.${part(record)}.${signature}`);
}

function records(text: string): Forged {
  return [MEMBERSHIP, encodePeerFrame({ type: 'records', items: [{ jws: text, state: 'alive', stateAgeMs: 0 }] })];
}

const HEADER = { alg: 'ES256', typ: 'grapevine-node' };

/** What an admitted peer without anybody's key but its own may try, by what it is. */
export const FORGERIES: Readonly<Record<string, Forge>> = {
  'signed by another key': (by, subject, nth) => {
    const [header, payload] = [
      part({ ...HEADER, kid: subject.id }),
      part({ ...subject, incarnation: subject.incarnation + nth + 1 }),
    ];
    const signature = by.identity.sign(Buffer.from(`${header}.${payload}`)).toString('base64url');
    return records(`${header}.${payload}.${signature}`);
  },
  'foreign leave': (by, subject, nth) => {
    const [header, payload] = [
      part({ ...HEADER, kid: subject.id }),
      part({ ...subject, status: 'left', incarnation: subject.incarnation + nth + 1 }),
    ];
    const signature = by.identity.sign(Buffer.from(`${header}.${payload}`)).toString('base64url');
    return records(`${header}.${payload}.${signature}`);
  },
  'alg none': (_, subject, nth) =>
    jws({ ...HEADER, alg: 'none', kid: subject.id }, { ...subject, epoch: subject.epoch + nth + 1 }),
  'HS256 with the public key': (_, subject, nth) => {
    const [header, payload] = [
      part({ ...HEADER, alg: 'HS256', kid: subject.id }),
      part({ ...subject, epoch: subject.epoch + nth + 1 }),
    ];
    const mac = createHmac('sha256', JSON.stringify(subject.signingKey)).update(`${header}.${payload}`).digest();
    return records(`${header}.${payload}.${Buffer.concat([mac, mac]).toString('base64url')}`);
  },
  'embedded jwk': (by, subject, nth) => {
    const header = { ...HEADER, kid: subject.id, jwk: by.identity.publicKeys.signingKey };
    return jws(header, { ...subject, epoch: subject.epoch + nth + 1 });
  },
  'kid of a path': (_, subject, nth) =>
    jws({ ...HEADER, kid: '../../../etc/passwd' }, { ...subject, epoch: subject.epoch + nth + 1 }),
  'huge p2c': (_, subject, nth) =>
    jws({ ...HEADER, alg: 'PBES2-HS512+A256KW', p2c: 2 ** 31 - 1, p2s: 'AA', kid: nth }, subject),
  'zip in a record': (_, subject, nth) => jws({ ...HEADER, zip: 'DEF', kid: subject.id, n: nth }, subject),
  'foreign accusation': (by, subject, nth) => {
    const accusation = {
      subject: by.victim.id,
      epoch: by.victim.record.epoch,
      incarnation: by.victim.record.incarnation,
    };
    const told = { ...accusation, state: 'dead' as const, accuser: subject.id };
    const signature = by.identity.sign(Buffer.concat([accusationBytes(told), Buffer.of(nth & 0xff)]));
    return [MEMBERSHIP, encodePeerFrame({ type: 'accusations', accusations: [{ ...told, signature }] })];
  },
  'foreign interest': (by, subject, nth) => {
    const added = [{ pattern: `stolen.${nth}`, sinceMs: 0 }];
    const segment = { subject: subject.id, epoch: subject.epoch + 1, base: 0, version: nth + 1, added, removed: [] };
    const body = encodeSegmentBody(segment);
    const { bytes } = signedSegment(segment, body, by.identity.sign(body));
    return [MEMBERSHIP, encodePeerFrame({ type: 'segments', segments: [bytes] })];
  },
  'foreign bundle': (by, subject, nth) => {
    const stream = streamOf('chat', subject.id, subject.epoch);
    const keyId = Buffer.alloc(16, 9).toString('base64url');
    const fields = {
      stream,
      firstSeq: nth + 1,
      lastSeq: nth + 1,
      keyId,
      counter: nth,
      timeMs: Date.now(),
      ttlMs: undefined,
    };
    const ciphertext = Buffer.alloc(40, nth & 0xff);
    const header = encodeHeader(fields, clusterTagOf('grapevine'), ciphertext.length);
    const signature = signBundle(header, ciphertext, (bytes) => by.identity.sign(bytes));
    const { bytes } = joinBundle(fields, { header, ciphertext, signature });
    return [GOSSIP, encodeGossipFrame({ type: 'data', isRepair: false, start: 0, bundle: bytes })];
  },
};

/** Envelopes that would cost or confuse whoever opened them; they are dropped without a word. */
export const HOSTILE_ENVELOPES: Readonly<Record<string, object>> = {
  'zip bomb': { alg: 'ECDH-ES+A256KW', enc: 'A256GCM', zip: 'DEF' },
  'huge p2c': { alg: 'PBES2-HS512+A256KW', enc: 'A256GCM', p2c: 2 ** 31 - 1, p2s: 'AA' },
  'alg dir': { alg: 'dir', enc: 'A256GCM' },
};

export function hostileGrant(header: object, nth: number): Forged {
  const envelope = `${part({ ...header, kid: `k${nth}` })}.${'A'.repeat(54)}.${'A'.repeat(16)}.${'A'.repeat(100)}.${'A'.repeat(22)}`;
  const keys = [{ keyId: Buffer.alloc(16, nth & 0xff).toString('base64url'), wrapped: Buffer.alloc(60, 1) }];
  return [GOSSIP, encodeGossipFrame({ type: 'keyGrant', topic: 'chat', envelope, keys })];
}
