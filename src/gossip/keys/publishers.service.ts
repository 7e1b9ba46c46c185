import type { KeyObject } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { NodeRecord } from '../../crypto/node-record.js';
import { RecordsService } from '../../crypto/records.service.js';
import { publicKeyOf } from '../../crypto/signature.js';
import { compareFreshness } from '../../peers/membership/member.js';
import type { NodeId } from '../../peers/node-id.js';
import { PeersService } from '../../peers/peers.service.js';
import { NodeLogger } from '../../runtime/node-logger.service.js';
import { BundleLog } from '../log/bundle-log.service.js';

/** Publishers that are remembered besides the members: those with bundles in the log, and those a peer has introduced. */
const PUBLISHERS_MAX = 65_536;

interface KnownPublisher {
  readonly record: NodeRecord;
  readonly jws: string;
}

/** Who signed what is in the log: the records of members and of publishers that left long ago. */
@Injectable()
export class PublishersService {
  readonly #known = new Map<NodeId, KnownPublisher>();

  constructor(
    private readonly peers: PeersService,
    private readonly records: RecordsService,
    private readonly log: BundleLog,
    private readonly logger: NodeLogger,
  ) {}

  /** Reads what the log has kept. */
  async restore(): Promise<void> {
    for (const jws of this.log.publishers().values()) await this.learn(jws);
  }

  /** Takes a record that was verified lately; false when `learn` has to verify it. */
  recall(jws: string): boolean {
    const record = this.records.recall(jws);
    if (record !== undefined) this.#remember(record, jws);
    return record !== undefined;
  }

  /** Verifies a record that came ahead of a publisher's bundles; false when it was refused. */
  async learn(jws: string): Promise<boolean> {
    const verified = await this.records.verify(jws);
    if (verified.ok) this.#remember(verified.value, jws);
    return verified.ok;
  }

  /** The key that verifies a publisher's bundles, or undefined for a stranger and for who is admitted no more. */
  keyOf(publisher: NodeId): KeyObject | undefined {
    const record = this.peers.recordOf(publisher) ?? this.#known.get(publisher)?.record;
    return record !== undefined && this.records.isAdmitted(record) ? publicKeyOf(record.signingKey) : undefined;
  }

  /** Whether the publisher is known and not admitted any more; a stranger may still be introduced. */
  isShutOut(publisher: NodeId): boolean {
    const record = this.peers.recordOf(publisher) ?? this.#known.get(publisher)?.record;
    return record !== undefined && !this.records.isAdmitted(record);
  }

  /** The publisher's NODE_NAME, as last known. */
  nameOf(publisher: NodeId): string {
    return (this.peers.recordOf(publisher) ?? this.#known.get(publisher)?.record)?.name ?? publisher;
  }

  recordJwsOf(publisher: NodeId): string | undefined {
    return this.peers.recordJwsOf(publisher) ?? this.#known.get(publisher)?.jws;
  }

  /** Keeps the publisher's record with its bundles, so that they can be verified when it is long gone. */
  keep(publisher: NodeId): void {
    const jws = this.recordJwsOf(publisher);
    if (jws === undefined) return;
    this.log.savePublisher(publisher, jws).catch((cause: unknown) => this.logger.error('log.failed', { cause }));
  }

  #remember(record: NodeRecord, jws: string): void {
    const known = this.#known.get(record.id)?.record;
    if (known !== undefined && compareFreshness(known, record) >= 0) return;
    this.#known.set(record.id, { record, jws });
    if (this.#known.size <= PUBLISHERS_MAX) return;
    const [oldest] = this.#known.keys();
    if (oldest !== undefined) this.#known.delete(oldest);
  }
}
