import type { Socket as NetSocket } from 'node:net';
import type { Socket as AcceptedSocket } from 'socket.io';
import type { Socket as DialledSocket } from 'socket.io-client';
import { closeReasonOf } from './link-close-reason.js';
import type { LinkCloseReason } from './links.js';
import { CLOSING_EVENT, FRAME_EVENT } from './mesh-parser.js';
import type { MeshSocket, MeshSocketListener } from './mesh-socket.js';

/** What Socket.IO keeps below its sockets at both ends: the WebSocket of `ws`. */
interface WebSocket {
  readonly bufferedAmount: number;
  pause(): void;
  resume(): void;
  terminate(): void;
}

/** The connection that a peer opened to us. */
export class AcceptedMeshSocket implements MeshSocket {
  readonly #webSocket: WebSocket;

  constructor(
    private readonly socket: AcceptedSocket,
    readonly proven: () => void,
  ) {
    this.#webSocket = (socket.conn.transport as unknown as { socket: WebSocket }).socket;
  }

  send(frame: Uint8Array): void {
    if (this.socket.connected) this.socket.emit(FRAME_EVENT, frame);
  }

  bufferedBytes(): number {
    return this.#webSocket.bufferedAmount + waitingBytes(this.socket.conn);
  }

  pause(): void {
    this.#webSocket.pause();
  }

  resume(): void {
    this.#webSocket.resume();
  }

  close(reason: LinkCloseReason): void {
    if (this.socket.connected) this.socket.emit(CLOSING_EVENT, reason);
    this.socket.disconnect(true);
  }

  destroy(): void {
    this.#webSocket.terminate();
  }

  listen(listener: MeshSocketListener): void {
    let told: LinkCloseReason = 'transport';
    // As middleware, which is called at once: listeners are called a tick later, and not at all when the other side's
    // good-bye came in the same read.
    this.socket.use(([event, body]: unknown[]) => {
      if (event === CLOSING_EVENT) told = closeReasonOf(body);
      else if (Buffer.isBuffer(body)) listener.frame(body);
    });
    // What the parser refuses ends here; Socket.IO closes the connection itself.
    this.socket.on('error', () => {
      told = 'bad-frame';
    });
    this.socket.on('disconnect', () => listener.closed(told));
    netSocketOf(this.#webSocket).on('drain', () => listener.drained());
  }
}

/** The connection that we opened, or are about to open, to a peer. */
export class DialledMeshSocket implements MeshSocket {
  #webSocket: WebSocket | undefined;

  constructor(private readonly socket: DialledSocket) {}

  send(frame: Uint8Array): void {
    // While it is not connected Socket.IO would queue without bound.
    if (this.socket.connected) this.socket.emit(FRAME_EVENT, frame);
  }

  bufferedBytes(): number {
    // At this end Engine.IO's own state always claims that all was written; the WebSocket knows.
    return (this.#webSocket?.bufferedAmount ?? 0) + waitingBytes(this.socket.io.engine);
  }

  /** Whom we dialled is no stranger that takes up room. */
  proven(): void {}

  pause(): void {
    this.#webSocket?.pause();
  }

  resume(): void {
    this.#webSocket?.resume();
  }

  close(reason: LinkCloseReason): void {
    if (this.socket.connected) this.socket.emit(CLOSING_EVENT, reason);
    this.socket.disconnect();
    this.socket.io.engine.close();
  }

  destroy(): void {
    this.socket.disconnect();
    this.#webSocket?.terminate();
  }

  listen(listener: MeshSocketListener): void {
    let told: LinkCloseReason = 'transport';
    let isClosed = false;
    const close = (reason: LinkCloseReason): void => {
      if (isClosed) return;
      isClosed = true;
      listener.closed(reason);
    };
    this.socket.on('connect', () => {
      this.#webSocket = (this.socket.io.engine.transport as unknown as { ws: WebSocket }).ws;
      netSocketOf(this.#webSocket).on('drain', () => listener.drained());
      // Until Engine.IO has tidied up, `bufferedBytes` may count too much and the event above may have found no room.
      this.socket.io.engine.on('drain', () => listener.drained());
      listener.opened();
    });
    this.socket.on(FRAME_EVENT, (frame: unknown) => {
      if (Buffer.isBuffer(frame)) listener.frame(frame);
    });
    this.socket.on(CLOSING_EVENT, (reason: unknown) => {
      told = closeReasonOf(reason);
    });
    this.socket.on('connect_error', () => close('transport'));
    this.socket.on('disconnect', (cause) => close(cause === 'parse error' ? 'bad-frame' : told));
  }
}

/** The connection below an open WebSocket: the only one of all these layers that says when it has room again. */
function netSocketOf(webSocket: WebSocket): NetSocket {
  return (webSocket as unknown as { readonly ['_socket']: NetSocket })['_socket'];
}

/** Bytes that Engine.IO holds back while it is writing; what was written a moment ago may be counted once more. */
function waitingBytes(engine: object): number {
  let bytes = 0;
  for (const { data } of (engine as { readonly writeBuffer: readonly { readonly data?: { length: number } }[] })
    .writeBuffer) {
    bytes += data?.length ?? 0;
  }
  return bytes;
}
