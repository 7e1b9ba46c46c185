import { Injectable } from '@nestjs/common';
import { Settings } from '../config/settings.js';
import { decoded, refused, type Decoded } from '../wire/decoded.js';
import { AcceptedSecrets } from './accepted-secrets.js';
import { isAdmitted } from './admission.js';
import { AllowList } from './allow-list.service.js';
import { WRONG_CLUSTER } from './handshake.js';
import { IdentityService } from './identity.service.js';
import type { NodeRecord } from './node-record.js';
import { isSignedByItself, readNodeRecord } from './record-signature.js';

/** The same record comes from every peer; so many verified ones are remembered, the oldest is forgotten first. */
const REMEMBERED_MAX = 1_024;

/** Why the genuine record of a node that is not let in is refused. */
export const NOT_ADMITTED = 'record is not admitted';

/** Decides which node records are believed: ours by cluster, admitted by secret or allow-list, signed by the key that they name. */
@Injectable()
export class RecordsService {
  readonly #verified = new Map<string, NodeRecord>();
  /** Asked for every bundle and every claim, so remembered until the rules change. */
  #admitted = new WeakMap<NodeRecord, boolean>();

  constructor(
    private readonly settings: Settings,
    private readonly identity: IdentityService,
    private readonly allowList: AllowList,
    private readonly secrets: AcceptedSecrets = new AcceptedSecrets(settings),
  ) {
    this.attach(() => (this.#admitted = new WeakMap()));
  }

  /** The record in a JWS from anywhere, or why it is refused (`wrong-cluster` when it belongs to another one); never rejects. */
  async verify(jws: string): Promise<Decoded<NodeRecord>> {
    const known = this.#verified.get(jws);
    const read = known === undefined ? readNodeRecord(jws) : decoded(known);
    if (!read.ok) return read;
    if (read.value.cluster !== this.settings.clusterName) return refused(WRONG_CLUSTER);
    // Asked of remembered ones as well: a record is admitted as long as its key is on the list, not for ever.
    if (!this.isAdmitted(read.value)) return refused(NOT_ADMITTED);
    if (known !== undefined) return read;
    if (!(await isSignedByItself(jws, read.value))) return refused('record has a wrong signature');
    this.#remember(jws, read.value);
    return read;
  }

  /** The record in a JWS that was verified lately, while its node is admitted. */
  recall(jws: string): NodeRecord | undefined {
    const record = this.#verified.get(jws);
    return record !== undefined && this.isAdmitted(record) ? record : undefined;
  }

  /** Whether the node of a verified record is admitted now. A node admits itself, whatever the list says. */
  isAdmitted(record: NodeRecord): boolean {
    if (record.id === this.identity.id) return true;
    let admitted = this.#admitted.get(record);
    if (admitted === undefined) {
      admitted = isAdmitted(record, { keys: this.secrets.accepted, allowed: this.allowList.ids });
      this.#admitted.set(record, admitted);
    }
    return admitted;
  }

  /** `changed` is called when the allow-list or the accepted secrets have changed, and with them perhaps who is admitted. */
  attach(changed: () => void): void {
    this.secrets.attach(changed);
    this.allowList.attach(changed);
  }

  #remember(jws: string, record: NodeRecord): void {
    this.#verified.set(jws, record);
    if (this.#verified.size <= REMEMBERED_MAX) return;
    const [oldest] = this.#verified.keys();
    if (oldest !== undefined) this.#verified.delete(oldest);
  }
}
