import { readSessionPage } from '../unit/protocol/session-page.js';

const { values, blocks } = readSessionPage();

/** What was signed and sealed once, for `docs/protocol-session.md`: the same at every run. */
export const SAMPLES = {
  /** Signed records of two nodes, A and B, of the cluster `sample`. */
  records: { A: values.records.A, B: values.records.B },
  /** A pairwise key for B. */
  envelope: values.envelope,
  /** The four messages of a handshake that A began. */
  handshake: blocks.slice(0, 4),
  signatures: values.signatures.map((hex) => Buffer.from(hex, 'hex')),
  /** A's first sealed message, and the key that opens it. */
  sealed: { key: Buffer.from(values.linkKeys.A, 'hex'), bytes: blocks[2] ?? Buffer.alloc(0) },
  /** Opened records of a link. */
  linkRecords: [4, 6, 8, 10, 13, 15].map((at) => blocks[at] ?? Buffer.alloc(0)),
};
