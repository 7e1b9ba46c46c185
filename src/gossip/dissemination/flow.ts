/**
 * Bytes that were pushed and not yet confirmed, per receiver. They bound what a publisher may have on its way, and tell
 * which receivers make no progress: those leave the window and pull from the log at their own pace, so nobody waits
 * for the slowest. This node counts as a receiver of what it publishes, as its log must keep up too.
 */
import type { NodeId } from '../../peers/node-id.js';
import type { StreamId } from '../bundles/stream.js';

/** Above this `publish` waits. Raising it helps long fat links; every receiver may cost that much memory. */
export const FLOW_BYTES_MAX = 4 * 1024 * 1024;
/** With room again below this, so that publishers do not flap. */
const FLOW_BYTES_LOW = FLOW_BYTES_MAX / 2;
/** A receiver with more than this gets nothing pushed, whatever the publisher does. */
export const RECEIVER_BYTES_MAX = 2 * FLOW_BYTES_MAX;
/** A receiver that confirms nothing for so long leaves the window. */
export const STALL_MS = 1_000;
/** What a push costs besides its bytes; bounds the entries for tiny bundles. */
const PUSH_OVERHEAD_BYTES = 256;

interface Receiver {
  unconfirmedBytes: number;
  /** Last progress, or when the window went from empty to not. */
  progressMs: number;
  isStalled: boolean;
  readonly pushes: Map<StreamId, Push[]>;
}

interface Push {
  readonly lastSeq: number;
  readonly bytes: number;
}

export class Flow {
  readonly #receivers = new Map<NodeId, Receiver>();
  #hasRoom = true;

  constructor(private readonly self: NodeId) {}

  get hasRoom(): boolean {
    return this.#hasRoom;
  }

  /** Nothing is unconfirmed. */
  get isIdle(): boolean {
    for (const receiver of this.#receivers.values()) if (receiver.unconfirmedBytes > 0) return false;
    return true;
  }

  /** Whether this receiver may be sent more. */
  isOpen(peer: NodeId): boolean {
    const receiver = this.#receivers.get(peer);
    return receiver === undefined || (!receiver.isStalled && receiver.unconfirmedBytes < RECEIVER_BYTES_MAX);
  }

  unconfirmedBytes(peer: NodeId): number {
    return this.#receivers.get(peer)?.unconfirmedBytes ?? 0;
  }

  pushed(peer: NodeId, push: { stream: StreamId; lastSeq: number; byteLength: number }, nowMs: number): void {
    let receiver = this.#receivers.get(peer);
    if (receiver === undefined) {
      receiver = { unconfirmedBytes: 0, progressMs: nowMs, isStalled: false, pushes: new Map() };
      this.#receivers.set(peer, receiver);
    }
    if (receiver.unconfirmedBytes === 0) receiver.progressMs = nowMs;
    const bytes = push.byteLength + PUSH_OVERHEAD_BYTES;
    const pushes = receiver.pushes.get(push.stream);
    if (pushes === undefined) receiver.pushes.set(push.stream, [{ lastSeq: push.lastSeq, bytes }]);
    else pushes.push({ lastSeq: push.lastSeq, bytes });
    receiver.unconfirmedBytes += bytes;
  }

  confirmed(peer: NodeId, stream: StreamId, frontier: number, nowMs: number): void {
    const receiver = this.#receivers.get(peer);
    if (receiver === undefined) return;
    receiver.isStalled = false;
    const pushes = receiver.pushes.get(stream);
    if (pushes === undefined) return;
    let done = 0;
    while (done < pushes.length && pushes[done]!.lastSeq <= frontier)
      receiver.unconfirmedBytes -= pushes[done++]!.bytes;
    if (done === 0) return;
    receiver.progressMs = nowMs;
    if (done === pushes.length) receiver.pushes.delete(stream);
    else pushes.splice(0, done);
  }

  /** The link is gone, and what was on its way with it. */
  linkDown(peer: NodeId): void {
    this.#receivers.delete(peer);
  }

  /** Takes receivers without progress out of the window and returns the streams they missed something of. */
  takeStalled(nowMs: number): readonly { readonly peer: NodeId; readonly streams: readonly StreamId[] }[] {
    const stalled: { peer: NodeId; streams: StreamId[] }[] = [];
    for (const [peer, receiver] of this.#receivers) {
      if (peer === this.self || receiver.unconfirmedBytes === 0 || nowMs - receiver.progressMs < STALL_MS) continue;
      stalled.push({ peer, streams: [...receiver.pushes.keys()] });
      receiver.isStalled = true;
      receiver.unconfirmedBytes = 0;
      receiver.pushes.clear();
    }
    return stalled;
  }

  /** Looks whether there is room; true when that changed. */
  review(): boolean {
    let mostBytes = 0;
    for (const receiver of this.#receivers.values()) mostBytes = Math.max(mostBytes, receiver.unconfirmedBytes);
    const hadRoom = this.#hasRoom;
    this.#hasRoom = mostBytes < (hadRoom ? FLOW_BYTES_MAX : FLOW_BYTES_LOW);
    return hadRoom !== this.#hasRoom;
  }
}
