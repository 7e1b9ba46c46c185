import { Injectable } from '@nestjs/common';
import { GrapevineError } from '../../runtime/errors.js';
import { Deadlines, type Deadline } from '../../runtime/deadlines.service.js';
import type { PublishOptions } from './publish.js';

/** Payload bytes that may be between `publish` and its receipt. */
export const PUBLISHING_BYTES_MAX = 16 * 1024 * 1024;
/** Callers that may wait for room. */
export const ROOM_WAITS_MAX = 65_536;
/** What a message costs besides its payload. */
const MESSAGE_OVERHEAD_BYTES = 128;

interface RoomWait {
  readonly bytes: number;
  readonly deadline: Deadline;
  isOver: boolean;
  readonly admitted: () => void;
}

/** Lets no more be published than receivers and the own log keep up with; who comes first goes first. */
@Injectable()
export class PublishRoom {
  #takenBytes = 0;
  #receiversHaveRoom = true;
  /** In order; those before `first` have gone. */
  readonly #waits: RoomWait[] = [];
  #first = 0;

  constructor(private readonly deadlines: Deadlines) {}

  /** Nobody has room, and nobody waits for some. */
  get isUnused(): boolean {
    return this.#takenBytes === 0 && this.#waiting === 0;
  }

  /** Takes room for a message at once; false when there is none. What was taken must be released. */
  take(bytes: number): boolean {
    if (this.#waiting > 0 || !this.#fits(bytes)) return false;
    this.#takenBytes += bytes + MESSAGE_OVERHEAD_BYTES;
    return true;
  }

  /** Takes room when there is some; `refused` with GrapevineError `overloaded` when the caller won't wait, or waited too long. */
  wait(
    bytes: number,
    options: PublishOptions,
    outcome: { readonly admitted: () => void; readonly refused: (error: GrapevineError) => void },
  ): void {
    if (options.whenFull === 'refuse' || this.#waiting >= ROOM_WAITS_MAX) return outcome.refused(overloaded());
    const deadline = this.deadlines.set(options.timeoutMs, () => {
      wait.isOver = true;
      outcome.refused(overloaded());
    });
    const wait: RoomWait = { bytes, deadline, admitted: outcome.admitted, isOver: false };
    this.#waits.push(wait);
  }

  /** Gives back what `count` messages of `bytes` in all took. */
  release(count: number, bytes: number): void {
    this.#takenBytes -= bytes + count * MESSAGE_OVERHEAD_BYTES;
    if (this.#waiting > 0) this.#admit();
  }

  /** Receivers keep up, or no longer. */
  changed(receiversHaveRoom: boolean): void {
    this.#receiversHaveRoom = receiversHaveRoom;
    this.#admit();
  }

  get #waiting(): number {
    return this.#waits.length - this.#first;
  }

  /** Who is admitted may give its room back at once, and so come here again. */
  #admit(): void {
    for (let wait = this.#waits[this.#first]; wait !== undefined; wait = this.#waits[this.#first]) {
      if (!wait.isOver && !this.#fits(wait.bytes)) break;
      this.#first++;
      if (wait.isOver) continue;
      this.#takenBytes += wait.bytes + MESSAGE_OVERHEAD_BYTES;
      wait.deadline.cancel();
      wait.admitted();
    }
    // Moving the rest only when half of the places are free keeps the cost of a wait constant.
    if (this.#first * 2 < this.#waits.length) return;
    this.#waits.splice(0, this.#first);
    this.#first = 0;
  }

  #fits(bytes: number): boolean {
    const isFirst = this.#takenBytes === 0;
    return this.#receiversHaveRoom && (isFirst || this.#takenBytes + bytes <= PUBLISHING_BYTES_MAX);
  }
}

function overloaded(): GrapevineError {
  return new GrapevineError('overloaded', 'receivers do not keep up with what is published');
}
