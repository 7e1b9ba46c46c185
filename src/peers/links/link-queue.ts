/**
 * What waits to be sent over one link: a queue per lane, each with its bound, and the coalescing of waiting frames into
 * one record, which is sealed by one cipher call. A record is a sequence of (varint length, frame). Control goes first;
 * of four records three prefer live data and one prefers repair, so that neither starves.
 */
import { ByteReader } from '../../wire/byte-reader.js';
import { ByteWriter } from '../../wire/byte-writer.js';
import { decoded, refused, type Decoded } from '../../wire/decoded.js';
import { FRAME_BYTES_MAX, type Lane } from './links.js';

/** A record is closed at this size; the frame that was begun below it may end above. */
export const RECORD_BYTES = 256 * 1024;
const LENGTH_BYTES_MAX = 3;
/** Largest record before sealing. */
export const RECORD_BYTES_MAX = RECORD_BYTES + FRAME_BYTES_MAX + LENGTH_BYTES_MAX;
/** Frames of a record: one that is full of empty words would otherwise take longer to cut than to send. */
export const RECORD_FRAMES_MAX = 16_384;
/** One record in so many prefers repair to live data. */
const REPAIR_TURN = 4;

/** At the bound of its lane a frame is refused: the sender repairs later, and control that does not fit ends the link. */
export const LANE_BYTES_MAX: Readonly<Record<Lane, number>> = {
  control: 4 * 1024 * 1024,
  data: 16 * 1024 * 1024,
  repair: 4 * 1024 * 1024,
};

export class LinkQueue {
  readonly #lanes: Readonly<Record<Lane, FrameQueue>> = {
    control: new FrameQueue(),
    data: new FrameQueue(),
    repair: new FrameQueue(),
  };
  #records = 0;

  /** Bytes of waiting frames. */
  get bytes(): number {
    return this.#lanes.control.bytes + this.#lanes.data.bytes + this.#lanes.repair.bytes;
  }

  /** False when the lane is at its bound; nothing was queued then. Longer frames than a link carries are a programmer's error. */
  push(lane: Lane, ...parts: readonly Uint8Array[]): boolean {
    const bytes = parts.reduce((sum, { length }) => sum + length, 0);
    if (bytes === 0 || bytes > FRAME_BYTES_MAX) throw new RangeError(`a frame of ${bytes} bytes does not fit a link`);
    const queue = this.#lanes[lane];
    if (queue.bytes + bytes > LANE_BYTES_MAX[lane]) return false;
    queue.push({ parts, bytes });
    return true;
  }

  /** The next record, or undefined when nothing waits. */
  takeRecord(): Buffer | undefined {
    const { control, data, repair } = this.#lanes;
    this.#records++;
    const [preferred, other] = this.#records % REPAIR_TURN === 0 ? [repair, data] : [data, repair];
    const frames: Frame[] = [];
    let used = control.take(RECORD_BYTES, frames);
    used += preferred.take(RECORD_BYTES - used, frames);
    other.take(RECORD_BYTES - used, frames);
    return frames.length === 0 ? undefined : encodeRecord(frames.map(({ parts }) => parts));
  }
}

/** Frames, each in its parts → one record. A part is copied once: into what is sealed. */
export function encodeRecord(frames: readonly (readonly Uint8Array[])[]): Buffer {
  const lengths = frames.map((parts) => parts.reduce((sum, { length }) => sum + length, 0));
  const writer = new ByteWriter(lengths.reduce((sum, length) => sum + length + LENGTH_BYTES_MAX, 8));
  frames.forEach((parts, index) => {
    writer.varint(lengths[index]!);
    for (const part of parts) writer.raw(part);
  });
  return writer.finish();
}

/** One record → its frames, as views on it; none of them is empty. */
export function decodeRecord(record: Buffer): Decoded<readonly Buffer[]> {
  const reader = new ByteReader(record);
  const frames: Buffer[] = [];
  while (reader.remaining > 0) {
    const frame = reader.block(FRAME_BYTES_MAX);
    if (frame.length === 0) return refused('empty or truncated frame');
    if (frames.length === RECORD_FRAMES_MAX) return refused('record with too many frames');
    frames.push(frame);
  }
  return reader.isComplete && frames.length > 0 ? decoded(frames) : refused('record without frames');
}

interface Frame {
  readonly parts: readonly Uint8Array[];
  readonly bytes: number;
}

const EMPTY: Frame = { parts: [], bytes: 0 };

/** First in, first out, in amortized constant time. */
class FrameQueue {
  readonly #frames: Frame[] = [];
  #first = 0;
  bytes = 0;

  push(frame: Frame): void {
    this.#frames.push(frame);
    this.bytes += frame.bytes;
  }

  /** Moves frames to `taken` until they fill `room`; returns the room that they take. */
  take(room: number, taken: Frame[]): number {
    let used = 0;
    while (used < room && taken.length < RECORD_FRAMES_MAX && this.#first < this.#frames.length) {
      const frame = this.#frames[this.#first]!;
      // The slot is emptied at once, or a sent frame would be held until the next compaction.
      this.#frames[this.#first++] = EMPTY;
      used += frame.bytes + LENGTH_BYTES_MAX;
      this.bytes -= frame.bytes;
      taken.push(frame);
    }
    this.#compact();
    return used;
  }

  /** Moving the rest only when half of the slots are free keeps the cost of a frame constant. */
  #compact(): void {
    if (this.#first * 2 < this.#frames.length) return;
    this.#frames.splice(0, this.#first);
    this.#first = 0;
  }
}
