/**
 * Reader of remote bytes. It never throws: the first read past the end or out of range marks it failed, later reads
 * return empty values, and the decoder asks `isComplete` once at the end. Loops over counts read from the wire
 * must be bounded by `remaining` or by `count(max)`.
 */
export class ByteReader {
  readonly #bytes: Buffer;
  #offset = 0;
  #isFailed = false;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get offset(): number {
    return this.#offset;
  }

  get remaining(): number {
    return this.#isFailed ? 0 : this.#bytes.length - this.#offset;
  }

  get isFailed(): boolean {
    return this.#isFailed;
  }

  /** All bytes were read and none was missing. */
  get isComplete(): boolean {
    return !this.#isFailed && this.#offset === this.#bytes.length;
  }

  u8(): number {
    return this.#take(1) ? this.#bytes[this.#offset - 1]! : 0;
  }

  u16(): number {
    return this.#take(2) ? this.#bytes.readUInt16BE(this.#offset - 2) : 0;
  }

  u32(): number {
    return this.#take(4) ? this.#bytes.readUInt32BE(this.#offset - 4) : 0;
  }

  u48(): number {
    return this.#take(6) ? this.#bytes.readUIntBE(this.#offset - 6, 6) : 0;
  }

  /** Unsigned LEB128 up to 2^53 - 1; longer or larger ones fail the reader. */
  varint(): number {
    // Nearly all are short.
    const first = this.#bytes[this.#offset];
    if (first !== undefined && first < 0x80 && !this.#isFailed) {
      this.#offset++;
      return first;
    }
    let value = 0;
    let factor = 1;
    for (let read = 0; read < 8; read++) {
      const byte = this.u8();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return Number.isSafeInteger(value) ? value : this.#fail();
      factor *= 0x80;
    }
    return this.#fail();
  }

  /** A varint that counts what follows; above `max` the reader fails and 0 is returned. */
  count(max: number): number {
    const count = this.varint();
    return count <= max ? count : this.#fail();
  }

  /** `length` bytes as a view on the input. */
  raw(length: number): Buffer {
    return this.#take(length) ? this.#bytes.subarray(this.#offset - length, this.#offset) : EMPTY;
  }

  /** A varint length of at most `max`, then that many bytes as a view on the input. */
  block(max: number): Buffer {
    return this.raw(this.count(max));
  }

  /** A varint length of at most `maxBytes`, then valid UTF-8; ill-formed text fails the reader. */
  text(maxBytes: number): string {
    const bytes = this.block(maxBytes);
    const text = bytes.toString('utf8');
    if (text.includes('\ufffd') && !Buffer.from(text, 'utf8').equals(bytes)) this.#fail();
    return this.#isFailed ? '' : text;
  }

  #take(length: number): boolean {
    if (this.#isFailed || this.#bytes.length - this.#offset < length) {
      this.#isFailed = true;
      return false;
    }
    this.#offset += length;
    return true;
  }

  #fail(): 0 {
    this.#isFailed = true;
    return 0;
  }
}

const EMPTY = Buffer.alloc(0);
