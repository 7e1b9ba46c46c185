import type { Handshake, HandshakeOutcome } from '../../crypto/handshake.js';
import { RECEIPTS_SINCE_VERSION } from '../../crypto/protocol-version.js';
import type { Clock } from '../../runtime/clock.js';
import { decodeRecord, LinkQueue } from './link-queue.js';
import { isReceipt, LinkReceipts } from './link-receipts.js';
import type { Lane, LinkCloseReason } from './links.js';
import type { MeshSocket } from './mesh-socket.js';
import type { NodeId } from '../node-id.js';

/** Records are handed to the socket until it holds this much; the rest waits in lanes, where control overtakes data. */
const SOCKET_BYTES = 512 * 1024;
/** What may come while a message of the handshake is being verified: one read of the paused socket, cut generously. */
const INBOX_BYTES_MAX = 1024 * 1024;
const INBOX_FRAMES_MAX = 8_192;

/** Where a session reports to; every session is `closed` once, whether or not it was `established`. */
export interface LinkSessionListener {
  established(session: LinkSession, outcome: HandshakeOutcome): void;
  frames(session: LinkSession, frames: readonly Buffer[], bytes: number): void;
  /** `isOurs`: we closed it, the other side did not. */
  closed(session: LinkSession, reason: LinkCloseReason, isOurs: boolean): void;
}

/** One connection from its opening to its end: first the handshake, then sealed records of frames both ways. */
export class LinkSession {
  readonly #queue = new LinkQueue();
  readonly #receipts = new LinkReceipts();
  readonly #inbox: Buffer[] = [];
  #inboxBytes = 0;
  /** In the socket, when it was last looked at. */
  #bufferedBytes = 0;
  #state: 'handshaking' | 'established' | 'closed' = 'handshaking';
  #outcome: HandshakeOutcome | undefined;
  #isBusy = false;
  #isFlushDue = false;
  #heardMs = 0;

  constructor(
    private readonly socket: MeshSocket,
    private readonly handshake: Handshake,
    private readonly listener: LinkSessionListener,
    /** What was dialled, or undefined when the peer dialled. */
    readonly dialledUrl: string | undefined,
    private readonly clock: Pick<Clock, 'monotonicMs'>,
  ) {
    socket.listen({
      opened: () => this.#begin(),
      frame: (frame) => this.#onFrame(frame),
      drained: () => this.#flush(),
      closed: (reason) => this.#onClosed(reason, false),
    });
  }

  get isEstablished(): boolean {
    return this.#state === 'established';
  }

  get isClosed(): boolean {
    return this.#state === 'closed';
  }

  /** Who is at the other end, once that is proven. */
  get peerId(): NodeId | undefined {
    return this.#outcome?.record.id;
  }

  /** The version of the protocol that was agreed on. */
  get version(): number | undefined {
    return this.#outcome?.version;
  }

  /** Bytes that wait here and in the socket. */
  get bufferedBytes(): number {
    return this.#queue.bytes + this.socket.bufferedBytes();
  }

  /** When something came last that the peer has sealed, or the handshake was over. */
  get heardMs(): number {
    return this.#heardMs;
  }

  /** Queues a frame; what is queued in one turn leaves at its end, sealed together. False when the lane is full. */
  send(lane: Lane, parts: readonly Uint8Array[]): boolean {
    if (this.#state !== 'established') return false;
    if (!this.#queue.push(lane, ...parts)) {
      // Membership without control frames would only find out later, and for the wrong reason.
      if (lane === 'control') this.close('overflow');
      return false;
    }
    if (!this.#isFlushDue) {
      this.#isFlushDue = true;
      queueMicrotask(() => {
        this.#isFlushDue = false;
        this.#flush();
      });
    }
    return true;
  }

  close(reason: LinkCloseReason): void {
    if (this.#state === 'closed') return;
    if (reason === 'shutdown') this.#flush();
    const { socket } = this;
    this.#onClosed(reason, true);
    socket.close(reason);
  }

  /** Ends the connection of a session that is closed already but whose other side does not hang up. */
  destroy(): void {
    this.close('transport');
    this.socket.destroy();
  }

  /** To be called every second or so: says what came, and ends a link whose other end reads nothing. */
  tick(stoodStillMs: number): void {
    if (!this.#hasReceipts) return;
    this.#receipts.excuse(stoodStillMs);
    const bufferedBytes = this.socket.bufferedBytes();
    if (bufferedBytes < this.#bufferedBytes) this.#receipts.taken(this.clock.monotonicMs());
    this.#bufferedBytes = bufferedBytes;
    if (this.#receipts.isStuck(this.clock.monotonicMs())) return this.close('stuck');
    this.#sendReceipt();
  }

  get #hasReceipts(): boolean {
    return this.#state === 'established' && (this.version ?? 0) >= RECEIPTS_SINCE_VERSION;
  }

  #sendReceipt(): void {
    const receipt = this.#receipts.takeReceipt();
    if (receipt === undefined || this.#outcome === undefined) return;
    this.socket.send(this.#outcome.send.seal(receipt));
  }

  #begin(): void {
    const hello = this.handshake.start();
    if (hello !== undefined) this.socket.send(hello);
  }

  #flush(): void {
    if (this.#state !== 'established' || this.#outcome === undefined) return;
    while (this.socket.bufferedBytes() < SOCKET_BYTES && !(this.#hasReceipts && this.#receipts.isFull)) {
      const record = this.#queue.takeRecord();
      if (record === undefined) return;
      const sealed = this.#outcome.send.seal(record);
      this.#receipts.sent(sealed.length, this.clock.monotonicMs());
      this.socket.send(sealed);
    }
  }

  #onFrame(frame: Buffer): void {
    if (this.#state === 'established' && !this.#isBusy) return this.#open(frame);
    if (this.#state === 'closed') return;
    this.#inbox.push(frame);
    this.#inboxBytes += frame.length;
    if (this.#inbox.length > INBOX_FRAMES_MAX || this.#inboxBytes > INBOX_BYTES_MAX) return this.close('bad-frame');
    if (!this.#isBusy) void this.#readInbox();
  }

  /** Handshake messages are verified one after the other; what follows the last of them is opened in its turn. */
  async #readInbox(): Promise<void> {
    this.#isBusy = true;
    this.socket.pause();
    for (let frame = this.#inbox.shift(); frame !== undefined; frame = this.#inbox.shift()) {
      this.#inboxBytes -= frame.length;
      if (this.#state === 'handshaking') await this.#advance(frame);
      else this.#open(frame);
    }
    this.#isBusy = false;
    this.socket.resume();
  }

  async #advance(message: Buffer): Promise<void> {
    const step = await this.handshake.handle(message);
    if (this.#state !== 'handshaking') return;
    if (step.refused !== undefined) return this.close(step.refused);
    if (step.send !== undefined) this.socket.send(step.send);
    if (step.done === undefined) return;
    this.#state = 'established';
    this.#heardMs = this.clock.monotonicMs();
    this.socket.proven();
    this.#outcome = step.done;
    this.listener.established(this, step.done);
  }

  #open(sealed: Buffer): void {
    if (this.#state !== 'established') return;
    const record = this.#outcome?.receive.open(sealed);
    if (record !== undefined) {
      this.#heardMs = this.clock.monotonicMs();
      this.#receipts.heard(this.#heardMs);
    }
    if (record !== undefined && this.#hasReceipts && isReceipt(record)) return this.#onReceipt(record);
    const frames = record === undefined ? undefined : decodeRecord(record);
    if (!frames?.ok) return this.close('bad-frame');
    if (this.#receipts.received(sealed.length) && this.#hasReceipts) this.#sendReceipt();
    this.listener.frames(this, frames.value, sealed.length);
  }

  #onReceipt(receipt: Buffer): void {
    if (!this.#receipts.acknowledged(receipt, this.clock.monotonicMs())) return this.close('bad-frame');
    this.#flush();
  }

  #onClosed(reason: LinkCloseReason, isOurs: boolean): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#inbox.length = 0;
    this.listener.closed(this, reason, isOurs);
  }
}
