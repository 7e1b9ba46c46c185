/** The suites that are tried. */
export const SUITES = ['sim', 'unit', 'fuzz', 'attack', 'chaos'] as const;

export type Suite = (typeof SUITES)[number];

/** A bug as a patch: `find` stands exactly once in the file. */
export interface PlantedBug {
  readonly name: string;
  readonly file: string;
  readonly find: string;
  readonly replace: string;
  /** The suites that must notice, with what they are asked to run. */
  readonly noticedBy: Partial<Record<Suite, readonly string[]>>;
  /** Noticed by something cheap enough for every test run. */
  readonly isCheap?: boolean;
}

const CRASHES = ['--seeds', '12', '--faults', 'break,cut,partition,crash,pause'];
const FULL_DISKS = ['--seeds', '12', '--faults', 'full-disk,slow-disk,break'];
const INTERESTS = ['--seeds', '12', '--faults', 'retained,cut'];

const LATE_HOLDERS = ['--seeds', '40', '--faults', 'resubscribe,crash,wipe,cut'];
const RETENTION = ['--seeds', '20', '--faults', 'retention,cut,partition,pause'];

export const PLANTED_BUGS: readonly PlantedBug[] = [
  {
    name: 'drop-repair',
    file: 'src/gossip/dissemination/reception.ts',
    find: `    this.repair.claimed(state, { peer, floor, frontier, isUrgent: false }, nowMs);
    return !isOffer`,
    replace: '    return !isOffer',
    noticedBy: { sim: CRASHES },
    isCheap: true,
  },
  {
    name: 'skip-dedup',
    file: 'src/gossip/dissemination/reception.ts',
    find: 'const fromSeq = Math.max(ready.fromSeq, Math.min(state.releasedSeq, bundle.lastSeq) + 1);',
    replace: 'const { fromSeq } = ready;',
    noticedBy: { sim: FULL_DISKS },
    isCheap: true,
  },
  {
    name: 'accept-unsigned-record',
    file: 'src/crypto/records.service.ts',
    find: "if (!(await isSignedByItself(jws, read.value))) return refused('record has a wrong signature');",
    replace: 'await isSignedByItself(jws, read.value);',
    noticedBy: {
      unit: ['test/unit/crypto/records.service.spec.ts'],
      attack: ['--short', '--patience', '5', '--only', 'A16'],
    },
    isCheap: true,
  },
  {
    name: 'forget-fsync',
    file: 'src/gossip/store/lmdb-bundle-store.service.ts',
    find: 'if (this.#isFlushed) await database.flush();',
    replace: '',
    noticedBy: { unit: ['test/conformance/bundle-store.disk.spec.ts'] },
  },
  {
    name: 'ack-before-log',
    file: 'src/gossip/dissemination/confirming.ts',
    find: 'return { stream: stream.id, start: Math.min(loggedFrom, loggedSeq), frontier: loggedSeq };',
    replace: 'return { stream: stream.id, start: loggedFrom, frontier: Math.max(loggedSeq, window.frontier) };',
    noticedBy: { sim: FULL_DISKS },
  },
  {
    name: 'forget-frontier-at-restart',
    file: 'src/gossip/dissemination/gossip-core.ts',
    find: 'const state = this.#table.add(stream, { floor, frontier }, nowMs);',
    replace: 'const state = this.#table.add(stream, { floor, frontier: Math.max(floor, frontier - 1) }, nowMs);',
    noticedBy: { sim: CRASHES },
    isCheap: true,
  },
  {
    name: 'lose-last-gap',
    file: 'src/gossip/dissemination/gossip-core.ts',
    find: "if (from <= to) this.#out.push({ type: 'gap'",
    replace: "if (from < to) this.#out.push({ type: 'gap'",
    noticedBy: { sim: RETENTION },
  },
  {
    name: 'ask-oneself-before-a-gap',
    file: 'src/gossip/dissemination/repair.ts',
    find: '          id !== this.self &&\n',
    replace: '',
    noticedBy: {},
  },
  {
    name: 'trust-any-floor',
    file: 'src/gossip/dissemination/reception.ts',
    find: 'return claim.floor === 0 || claim.start > claim.floor;',
    replace: 'return claim.floor >= 0;',
    noticedBy: { sim: LATE_HOLDERS },
  },
  {
    name: 'give-up-at-link-up',
    file: 'src/gossip/dissemination/gossip-core.ts',
    find: '    this.#confirming.linkUp(peer);\n    this.#repair.hearAgain();\n',
    replace: '    this.#confirming.linkUp(peer);\n',
    noticedBy: { sim: ['--regression', 'gap-at-link-up'] },
  },
  {
    name: 'give-up-after-standing-still',
    file: 'src/gossip/dissemination/gossip-core.ts',
    find: 'if (nowMs - this.#tickDueMs > 5 * TICK_MS) this.#repair.hearAgain();',
    replace: '',
    noticedBy: { sim: ['--regression', 'gap-after-standing-still'] },
  },
  {
    name: 'no-history-on-regain',
    file: 'src/gossip/dissemination/wants.ts',
    find: 'topic.isHistoryWanted = true;',
    replace: '',
    noticedBy: { sim: INTERESTS },
  },
  {
    name: 'no-refutation',
    file: 'src/peers/membership/statements.ts',
    find: '    this.#incarnate(accusation.incarnation);\n',
    replace: '',
    noticedBy: { sim: CRASHES },
  },
  {
    name: 'nonce-stands-still',
    file: 'src/crypto/topic-keys.ts',
    find: 'counter: entry.counter++',
    replace: 'counter: entry.counter',
    noticedBy: { unit: ['test/unit/crypto/topic-keys.spec.ts'] },
    isCheap: true,
  },
  {
    name: 'accept-unsigned-bundle',
    file: 'src/gossip/delivery/inbox.service.ts',
    find: 'else if (verifyBundle(bundle.header, bundle.ciphertext, bundle.signature, key)) return true;',
    replace: 'else if (verifyBundle(bundle.header, bundle.ciphertext, bundle.signature, key) || true) return true;',
    noticedBy: { attack: ['--short', '--patience', '5', '--only', 'A16'] },
  },
  {
    name: 'unbounded-block',
    file: 'src/wire/byte-reader.ts',
    find: 'return count <= max ? count : this.#fail();',
    replace: 'return count;',
    noticedBy: { fuzz: ['--frames', '4000'] },
  },
  {
    name: 'no-pulls',
    file: 'src/gossip/dissemination/repair.ts',
    find: "this.ports.emit({ type: 'send', peer, lane: 'control', frame });",
    replace: '',
    noticedBy: { chaos: ['--short', '--patience', '5', '--only', 'F1'] },
  },
];
