import type { HandshakeRole } from '../../src/crypto/handshake.js';
import { HELLO_BYTES } from '../../src/crypto/hello.js';
import { SampleNode } from '../unit/protocol/sample-node.js';
import type { FuzzTarget } from './fuzz-target.js';
import { mutateBytes } from './mutate-bytes.js';
import { SAMPLES } from './samples.js';

const NODES = { A: SampleNode.create('A'), B: SampleNode.create('B') };
const [HELLO, ANSWER, RECORD, SIGNATURE] = SAMPLES.handshake as [Buffer, Buffer, Buffer, Buffer];

/** Either side of a handshake, at each message that it waits for. */
export const HANDSHAKE_TARGETS: readonly FuzzTarget[] = [
  { ...target('initiator', 'answer', ANSWER), decode: (input: Buffer) => played('initiator', [], input) },
  { ...target('initiator', 'signature', SIGNATURE), decode: (input: Buffer) => played('initiator', [ANSWER], input) },
  { ...target('responder', 'hello', HELLO), decode: (input: Buffer) => played('responder', [], input) },
  { ...target('responder', 'record', RECORD), decode: (input: Buffer) => played('responder', [HELLO], input) },
];

function target(role: HandshakeRole, message: string, genuine: Buffer): Omit<FuzzTarget, 'decode'> {
  return {
    decoder: `Handshake.${role}.${message}`,
    corpus: () => [genuine],
    mutate: mutateBytes,
    problem: (taken: Buffer) => (meantBy(taken).equals(meantBy(genuine)) ? undefined : 'it was changed on the way'),
  };
}

/** A hello is as good as the one of its MACs that fits; that all of it came as it was sent is found out by the signatures. */
function meantBy(message: Buffer): Buffer {
  return message.length === HELLO_BYTES ? message.subarray(0, HELLO_BYTES - 3 * 16) : message;
}

/** The message, when a handshake takes it after those that came before. */
async function played(role: HandshakeRole, before: readonly Buffer[], message: Buffer): Promise<Buffer | undefined> {
  const isInitiator = role === 'initiator';
  const node = await NODES[isInitiator ? 'A' : 'B'];
  const own = SAMPLES.signatures[isInitiator ? 0 : 1] ?? Buffer.alloc(64);
  const handshake = node.handshake(role, SAMPLES.records[isInitiator ? 'A' : 'B'], () => own);
  handshake.start();
  for (const genuine of before) await handshake.handle(genuine);
  const step = await handshake.handle(message);
  return step.refused === undefined ? message : undefined;
}
