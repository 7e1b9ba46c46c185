import { Injectable } from '@nestjs/common';
import { Settings } from '../config/settings.js';
import { decoded, refused, type Decoded } from '../wire/decoded.js';
import { isAdmitted } from './admission.js';
import { acceptedKeysOf, type ClusterKeys } from './cluster-keys.js';
import { WRONG_CLUSTER } from './handshake.js';
import type { NodeRecord } from './node-record.js';
import { isSignedByItself, readNodeRecord } from './record-signature.js';

/** The same record comes from every peer; so many verified ones are remembered, the oldest is forgotten first. */
const REMEMBERED_MAX = 1_024;

/** Decides which node records are believed: ours by cluster, admitted by secret, signed by the key that they name. */
@Injectable()
export class RecordsService {
  readonly #keys: readonly ClusterKeys[];
  readonly #verified = new Map<string, NodeRecord>();

  constructor(private readonly settings: Settings) {
    this.#keys = acceptedKeysOf(settings);
  }

  /** The record in a JWS from anywhere, or why it is refused (`wrong-cluster` when it belongs to another one); never rejects. */
  async verify(jws: string): Promise<Decoded<NodeRecord>> {
    const known = this.#verified.get(jws);
    if (known !== undefined) return decoded(known);
    const read = readNodeRecord(jws);
    if (!read.ok) return read;
    if (read.value.cluster !== this.settings.clusterName) return refused(WRONG_CLUSTER);
    if (!isAdmitted(read.value, this.#keys)) return refused('record is not admitted');
    if (!(await isSignedByItself(jws, read.value))) return refused('record has a wrong signature');
    this.#remember(jws, read.value);
    return read;
  }

  #remember(jws: string, record: NodeRecord): void {
    this.#verified.set(jws, record);
    if (this.#verified.size <= REMEMBERED_MAX) return;
    const [oldest] = this.#verified.keys();
    if (oldest !== undefined) this.#verified.delete(oldest);
  }
}
