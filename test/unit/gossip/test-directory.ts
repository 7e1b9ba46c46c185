import type { NodeRecord } from '../../../src/crypto/node-record.js';
import type { DirectoryView, Row } from '../../../src/peers/directory-view.js';
import type { InterestVersion } from '../../../src/peers/interest/interest-table.js';
import { isLiveState, type Member, type MemberState } from '../../../src/peers/membership/member.js';

/** A directory that says what a test tells it. */
export class TestDirectory implements DirectoryView {
  readonly #members = new Map<string, Member>();
  readonly #since = new Map<string, number>();
  version = 1;

  constructor(ids: readonly string[]) {
    for (const id of ids) this.#members.set(id, memberOf(id));
  }

  setState(id: string, state: MemberState): void {
    this.#members.set(id, { ...memberOf(id), state });
  }

  want(id: string, topic: string, sinceMs: number | undefined): void {
    if (sinceMs === undefined) this.#since.delete(`${id} ${topic}`);
    else this.#since.set(`${id} ${topic}`, sinceMs);
  }

  member(id: string): Member | undefined {
    return this.#members.get(id);
  }

  members(): readonly Member[] {
    return [...this.#members.values()];
  }

  isLive(id: string): boolean {
    const member = this.#members.get(id);
    return member !== undefined && isLiveState(member.state);
  }

  interested(topic: string): readonly string[] {
    return [...this.#members.keys()].filter((id) => this.isLive(id) && this.interestSince(id, topic) !== undefined);
  }

  interestSince(id: string, topic: string): number | undefined {
    return this.#since.get(`${id} ${topic}`);
  }

  naming(pattern: string): readonly string[] {
    return this.interested(pattern);
  }

  rows(): readonly Row[] {
    return [];
  }

  patterns(id: string): readonly string[] {
    return [...this.#since.keys()].filter((key) => key.startsWith(`${id} `)).map((key) => key.slice(id.length + 1));
  }

  interestVersion(): InterestVersion | undefined {
    return { epoch: 1, version: this.version };
  }

  digest(): string {
    return '';
  }
}

function memberOf(id: string): Member {
  const name = id.slice(0, 4);
  const signingKey = {} as NodeRecord['signingKey'];
  const record: NodeRecord = {
    cluster: 'test',
    id,
    name,
    url: '',
    epoch: 1,
    incarnation: 1,
    status: 'alive',
    signingKey,
    encryptionKey: signingKey,
  };
  return { id, name, url: '', epoch: 1, incarnation: 1, state: 'alive', record, recordJws: '' };
}
