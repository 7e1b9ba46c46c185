import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { NodeProcess } from '../e2e/node-process.js';

/** A TCP connection to a node on which anything may be said. */
export async function dial(node: NodeProcess, said: string | Buffer = ''): Promise<Socket> {
  const socket = connect(Number(new URL(node.url).port), '127.0.0.1');
  socket.on('error', () => undefined);
  socket.resume();
  await Promise.race([once(socket, 'connect'), once(socket, 'close')]);
  if (said.length > 0) socket.write(said);
  return socket;
}

/** Resolves with true when the other side says that a WebSocket is over, or ends the connection without a word. */
export async function isEndedWithin(socket: Socket, ms: number): Promise<boolean> {
  let told = Buffer.alloc(0);
  const closing = new Promise<boolean>((resolve) => {
    socket.on('data', (bytes: Buffer) => {
      told = Buffer.concat([told, bytes]);
      if (hasCloseFrame(told)) resolve(true);
    });
  });
  return Promise.race([closing, isClosedWithin(socket, ms)]);
}

/** Servers send their frames unmasked; here they are short. */
function hasCloseFrame(told: Buffer): boolean {
  let at = told.indexOf('\r\n\r\n') + 4;
  while (at >= 4 && at + 2 <= told.length) {
    const [first, length] = [told[at] ?? 0, (told[at + 1] ?? 0) & 0x7f];
    if ((first & 0x0f) === 8) return true;
    at += length === 126 ? 4 + told.readUInt16BE(at + 2) : 2 + length;
  }
  return false;
}

/** Whether the other side has ended it within a time. */
export async function isClosedWithin(socket: Socket, ms: number): Promise<boolean> {
  if (socket.closed) return true;
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(), ms);
  await once(socket, 'close', { signal: patience.signal }).catch(() => undefined);
  clearTimeout(timer);
  return socket.closed;
}

/** What a WebSocket begins with. */
export function upgrade(path: string, ...headers: readonly string[]): string {
  const fixed = ['Host: 127.0.0.1', 'Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'];
  const lines = [...fixed, 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==', ...headers];
  return `GET ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`;
}

/** One frame of a WebSocket as a client sends it; its mask is of zeros. */
export function webSocketFrame(firstByte: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(14);
  head[0] = firstByte;
  head[1] = 0x80 | 127;
  head.writeBigUInt64BE(BigInt(payload.length), 2);
  return Buffer.concat([head, payload]);
}
