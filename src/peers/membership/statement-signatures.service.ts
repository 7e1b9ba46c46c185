import { Injectable } from '@nestjs/common';
import { WRONG_CLUSTER } from '../../crypto/handshake.js';
import { IdentityService, type OwnRecordFields } from '../../crypto/identity.service.js';
import type { NodeRecord } from '../../crypto/node-record.js';
import { NOT_ADMITTED, RecordsService } from '../../crypto/records.service.js';
import { publicKeyOf, verifySignature } from '../../crypto/signature.js';
import { type Accusation, accusationBytes, type SignedAccusation } from './accusation.js';
import type { Directory } from './directory.js';
import {
  decodeSegment,
  encodeSegmentBody,
  type InterestSegment,
  segmentParts,
  type SignedInterestSegment,
  signedSegment,
} from '../interest/interest-segment.js';
import type { MembershipInput } from './membership-ports.js';
import type { NodeId } from '../node-id.js';
import type { Misbehaviour } from '../quarantine/misbehaviour.js';
import type { RecordItem } from './peer-frames.js';

/** What became of a statement: an input for the membership core, why it is not believed, whose key is missing; or nothing new. */
export interface Verified {
  readonly input?: MembershipInput;
  readonly refused?: string;
  /** It is refused for a reason for which no honest node would have passed it on. */
  readonly misbehaviour?: Misbehaviour;
  readonly stranger?: NodeId;
}

const NOTHING_NEW: Verified = {};

function forged(what: string): Verified {
  return { refused: what, misbehaviour: 'forged-statement' };
}

/** Signs what this node states about itself and others, and verifies what others state. */
@Injectable()
export class StatementSignatures {
  constructor(
    private readonly identity: IdentityService,
    private readonly records: RecordsService,
  ) {}

  async signRecord(fields: OwnRecordFields): Promise<{ readonly record: NodeRecord; readonly jws: string }> {
    const jws = await this.identity.signRecord(fields);
    const record = await this.records.verify(jws);
    if (!record.ok) throw new Error(`the own record is refused: ${record.reason}`);
    return { record: record.value, jws };
  }

  signAccusation(accusation: Accusation): SignedAccusation {
    return { ...accusation, signature: this.identity.sign(accusationBytes(accusation)) };
  }

  signSegment(segment: InterestSegment): SignedInterestSegment {
    const body = encodeSegmentBody(segment);
    return signedSegment(segment, body, this.identity.sign(body));
  }

  async verifyRecord(from: NodeId, { jws, state, stateAgeMs }: RecordItem, directory: Directory): Promise<Verified> {
    // Most of what is gossiped is known already; a signature is only worth checking when it could change something.
    if (directory.hasRecord(jws)) return NOTHING_NEW;
    const record = await this.records.verify(jws);
    // Secrets and allow-lists may differ for a while: a record that is not admitted here may be so where it came from.
    if (!record.ok)
      return record.reason === NOT_ADMITTED || record.reason === WRONG_CLUSTER
        ? { refused: 'record' }
        : forged('record');
    const seen = record.value.id === from ? {} : { seen: { state, stateAgeMs } };
    return { input: { type: 'record', from, record: record.value, jws, ...seen } };
  }

  verifyAccusation(from: NodeId, accusation: SignedAccusation, directory: Directory): Verified {
    const accuser = directory.member(accusation.accuser);
    if (accuser === undefined) return { stranger: accusation.accuser };
    const key = publicKeyOf(accuser.record.signingKey);
    if (!verifySignature(key, accusationBytes(accusation), accusation.signature)) return forged('accusation');
    return { input: { type: 'accusation', from, accusation } };
  }

  verifySegment(from: NodeId, bytes: Buffer, directory: Directory): Verified {
    const segment = decodeSegment(bytes);
    if (!segment.ok) return { refused: segment.reason, misbehaviour: 'malformed-frame' };
    if (!directory.isSegmentNews(segment.value)) return NOTHING_NEW;
    const subject = directory.member(segment.value.subject);
    if (subject === undefined) return { stranger: segment.value.subject };
    const { body, signature } = segmentParts(segment.value);
    if (!verifySignature(publicKeyOf(subject.record.signingKey), body, signature)) return forged('interest');
    return { input: { type: 'segment', from, segment: segment.value } };
  }
}
