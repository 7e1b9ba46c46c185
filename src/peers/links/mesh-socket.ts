import type { LinkCloseReason } from './links.js';

/** One open connection of the mesh, dialled or accepted, before anybody is known to be at its other end. */
export interface MeshSocket {
  /** Hands over one frame; it waits in memory while `bufferedBytes` is above 0. */
  send(frame: Uint8Array): void;
  /** Bytes that were handed over and that the kernel has not taken yet. */
  bufferedBytes(): number;
  /** Stops reading, which makes the other side wait. */
  pause(): void;
  resume(): void;
  /** Who is at the other end is proven: it counts no more among those of whom nothing is known. */
  proven(): void;
  /** Tells the other side why and closes in good order. */
  close(reason: LinkCloseReason): void;
  /** Ends it at once, whatever the other side does. */
  destroy(): void;
  /** Set once, before anything is received. */
  listen(listener: MeshSocketListener): void;
}

export interface MeshSocketListener {
  /** The connection is open; never called for an accepted one, which is open from the start. */
  opened(): void;
  frame(frame: Buffer): void;
  /** There may be room again: the kernel has taken what was handed over, or most of it. */
  drained(): void;
  /** The connection is over: the reason the other side gave, or `transport`. Called once, last. */
  closed(reason: LinkCloseReason): void;
}
