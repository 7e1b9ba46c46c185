import type { NodeRecord } from '../../../src/crypto/node-record.js';
import type { SignedAccusation } from '../../../src/peers/membership/accusation.js';
import { Directory } from '../../../src/peers/membership/directory.js';
import type { InterestEntry } from '../../../src/peers/interest/interest.js';
import {
  encodeSegmentBody,
  signedSegment,
  type InterestSegment,
  type SignedInterestSegment,
} from '../../../src/peers/interest/interest-segment.js';
import { nodeIdFrom } from '../../../src/peers/node-id.js';

export const SIGNATURE = Buffer.alloc(64, 7);

const KEY = { kty: 'EC', crv: 'P-256', x: '', y: '' } as const;

/** The id of the n-th test node; ids are in the order of their numbers. */
export function idOf(number: number): string {
  return nodeIdFrom(Buffer.alloc(32, number + 1));
}

export function recordOf(
  number: number,
  epoch = 1,
  incarnation = 0,
  status: NodeRecord['status'] = 'alive',
): NodeRecord {
  const name = `n${number}`;
  const own = { cluster: 'test', id: idOf(number), name, url: `http://${name}`, epoch, incarnation, status };
  return { ...own, signingKey: KEY, encryptionKey: KEY };
}

/** Stands for the signed record: the same record gives the same text. */
export function jwsOf(record: NodeRecord): string {
  return JSON.stringify(record);
}

export function directoryOf(number: number): Directory {
  const record = recordOf(number);
  return new Directory({ record, jws: jwsOf(record) });
}

export function accusationOf(
  subject: number,
  accuser: number,
  rest: Partial<Pick<SignedAccusation, 'epoch' | 'incarnation' | 'state'>> = {},
): SignedAccusation {
  const accused = { epoch: 1, incarnation: 0, state: 'suspect', ...rest } as const;
  return { ...accused, subject: idOf(subject), accuser: idOf(accuser), signature: SIGNATURE };
}

export function signed(segment: InterestSegment): SignedInterestSegment {
  return signedSegment(segment, encodeSegmentBody(segment), SIGNATURE);
}

export function snapshotOf(
  number: number,
  version: number,
  added: readonly InterestEntry[],
  epoch = 1,
): SignedInterestSegment {
  return signed({ subject: idOf(number), epoch, base: 0, version, added, removed: [] });
}
