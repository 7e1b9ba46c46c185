import type { Handshake, HandshakeOutcome, HandshakeRefusal } from '../../../src/crypto/handshake.js';
import type { TestNode } from './node-fixture.js';

/** What an attacker on the wire makes of the message with this number, 1 to 4. */
export type Tamper = (message: Buffer, number: number) => Uint8Array;

export interface HandshakeEnd {
  readonly done?: HandshakeOutcome;
  readonly refused?: HandshakeRefusal;
}

/** Runs a handshake of two nodes until both are done or one refuses. */
export async function shakeHands(
  initiator: Handshake,
  responder: Handshake,
  tamper: Tamper = (message) => message,
): Promise<{ readonly initiator: HandshakeEnd; readonly responder: HandshakeEnd; readonly messages: Buffer[] }> {
  const ends: [HandshakeEnd, HandshakeEnd] = [{}, {}];
  const messages: Buffer[] = [];
  let message = initiator.start();
  for (let number = 1; message !== undefined; number++) {
    messages.push(message);
    const receiver = number % 2;
    const step = await [initiator, responder][receiver]!.handle(tamper(message, number));
    if (step.refused !== undefined) {
      ends[receiver] = { refused: step.refused };
      break;
    }
    if (step.done !== undefined) ends[receiver] = { done: step.done };
    message = step.send;
  }
  return { initiator: ends[0], responder: ends[1], messages };
}

export function shakeHandsOf(from: TestNode, to: TestNode, tamper?: Tamper): ReturnType<typeof shakeHands> {
  const initiator = from.handshakes.create('initiator', from.jws);
  return shakeHands(initiator, to.handshakes.create('responder', to.jws), tamper);
}
