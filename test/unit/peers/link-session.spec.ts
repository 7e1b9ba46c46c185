import { beforeEach, describe, expect, it } from 'vitest';
import type { Handshake, HandshakeOutcome } from '../../../src/crypto/handshake.js';
import { RECEIPTS_SINCE_VERSION } from '../../../src/crypto/protocol-version.js';
import { encodeRecord } from '../../../src/peers/links/link-queue.js';
import { STUCK_MS, UNREAD_MS } from '../../../src/peers/links/link-receipts.js';
import { LinkSession } from '../../../src/peers/links/link-session.adapter.js';
import type { LinkCloseReason } from '../../../src/peers/links/links.js';
import type { MeshSocket, MeshSocketListener } from '../../../src/peers/links/mesh-socket.js';

/** A connection in memory whose kernel takes only what the test lets it take. */
class HandSocket implements MeshSocket {
  listener: MeshSocketListener | undefined;
  buffered = 0;

  send(frame: Uint8Array): void {
    this.buffered += frame.length;
  }

  bufferedBytes(): number {
    return this.buffered;
  }

  pause(): void {}
  resume(): void {}
  proven(): void {}
  close(): void {}
  destroy(): void {}

  listen(listener: MeshSocketListener): void {
    this.listener = listener;
  }
}

const OPEN_CIPHER = { seal: (bytes: Uint8Array) => Buffer.from(bytes), open: (bytes: Buffer) => bytes };
const OUTCOME = {
  version: RECEIPTS_SINCE_VERSION,
  send: OPEN_CIPHER,
  receive: OPEN_CIPHER,
} as unknown as HandshakeOutcome;

let nowMs: number;
let socket: HandSocket;
let closed: LinkCloseReason[];
let frames: number;

/** A session whose handshake is done with the first message, once `verified` is. */
function begin(verified: Promise<void>): LinkSession {
  const handshake = { start: () => undefined, handle: () => verified.then(() => ({ done: OUTCOME })) };
  const listener = {
    established: () => undefined,
    frames: (_session: LinkSession, came: readonly Buffer[]) => void (frames += came.length),
    closed: (_session: LinkSession, reason: LinkCloseReason) => void closed.push(reason),
  };
  return new LinkSession(socket, handshake as unknown as Handshake, listener, undefined, { monotonicMs: () => nowMs });
}

async function established(): Promise<LinkSession> {
  const session = begin(Promise.resolve());
  socket.listener?.frame(Buffer.alloc(1));
  await expect.poll(() => session.isEstablished).toBe(true);
  session.send('data', [Buffer.alloc(1_000)]);
  await expect.poll(() => socket.buffered).toBeGreaterThan(0);
  return session;
}

describe('a link session', () => {
  beforeEach(() => {
    nowMs = 0;
    socket = new HandSocket();
    closed = [];
    frames = 0;
  });

  it('keeps many small records that come while the handshake is verified', async () => {
    let verify = (): void => undefined;
    begin(new Promise((resolve) => (verify = resolve)));
    socket.listener?.frame(Buffer.alloc(1));
    for (let count = 0; count < 1_000; count++) socket.listener?.frame(encodeRecord([[Buffer.from('small')]]));
    verify();
    await expect.poll(() => [frames, ...closed]).toEqual([1_000]);
  });

  it('is stuck when nothing comes and nothing goes', async () => {
    const session = await established();
    session.tick(0);
    nowMs = STUCK_MS;
    session.tick(0);
    expect(closed).toEqual(['stuck']);
  });

  it('is stuck when the other side sends for long and reads nothing of what was sent', async () => {
    const session = await established();
    for (nowMs = 0; nowMs < UNREAD_MS; nowMs += STUCK_MS / 2) {
      session.tick(0);
      expect(closed).toEqual([]);
      socket.listener?.frame(encodeRecord([[Buffer.from('data')]]));
    }
    session.tick(0);
    expect(closed).toEqual(['stuck']);
  });

  it.each<[string, () => void]>([
    ['the kernel takes what was sent, however slowly', () => socket.buffered--],
    ['the other side sends', () => socket.listener?.frame(encodeRecord([[Buffer.from('data')]]))],
  ])('is not stuck while %s', async (_what, getOn) => {
    const session = await established();
    for (let count = 0; count < 10; count++) {
      session.tick(0);
      nowMs += STUCK_MS / 2;
      getOn();
    }
    session.tick(0);
    expect(closed).toEqual([]);
  });
});
