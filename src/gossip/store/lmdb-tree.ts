/**
 * A walk over all pages of an LMDB database, without LMDB: every page is where and what the page above says, keys are in
 * order, no page is used twice or both used and free. What passes can be mapped and written to by the library; what does
 * not can end the process, loop, or overwrite what is in use. What values hold is for the caller to judge.
 */
import { PAGE_FLAG, PAGE_HEADER_BYTES, u64, type LmdbMeta, type LmdbRoot } from './lmdb-head.js';

/** A file of pages. */
export interface PageSource {
  readonly bytes: number;
  /** Fills `into` with what stands at `offset`; false when it is not all there. */
  read(into: Buffer, offset: number): boolean;
}

/** A row as it stands in the file; the views hold until the next one. */
export interface Row {
  readonly key: Buffer;
  readonly value: Buffer;
}

const NODE_HEADER_BYTES = 8;
const OVERFLOW_REFERENCE_BYTES = 24;
const IN_OVERFLOW = 0x01;
const VALUE_BYTES_MAX = 2 ** 24;
const FREE_VALUE_BYTES_MAX = 2 ** 27;
/** Pages that a database may have given out and taken back without ever writing them. */
const UNWRITTEN_PAGES_MAX = 2 ** 20;

/** What a page is checked against. */
interface Bounds {
  readonly level: number;
  /** Keys are not below it, if any. */
  readonly from: Buffer | undefined;
  /** Keys are below it, if any. */
  readonly to: Buffer | undefined;
}

/** See above; `problem` is set once something is not as it should be, and nothing more is read. */
export class LmdbTree {
  #problem: string | undefined;
  readonly #claimed: Uint8Array;
  readonly #pageBytes: number;
  readonly #pages: Buffer[] = [];
  #overflow = Buffer.alloc(0);
  #entries = 0;
  #compare: (a: Buffer, b: Buffer) => number = compareBytes;
  #valueBytesMax = VALUE_BYTES_MAX;

  constructor(
    private readonly source: PageSource,
    private readonly meta: LmdbMeta,
  ) {
    this.#pageBytes = meta.pageBytes;
    const pages = Math.floor(source.bytes / meta.pageBytes);
    const isPlausible = meta.lastPage < pages + UNWRITTEN_PAGES_MAX;
    this.#claimed = new Uint8Array(isPlausible ? (meta.lastPage >>> 3) + 1 : 0);
    if (!isPlausible) this.#fail('its end is missing');
  }

  /** What is wrong, as far as it was walked. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** All rows in order of their keys. */
  *rows(): Generator<Row, void, void> {
    this.#compare = compareIntegers;
    this.#valueBytesMax = FREE_VALUE_BYTES_MAX;
    for (const { value } of this.#tree(this.meta.free)) this.#claimFree(value);
    this.#compare = compareBytes;
    this.#valueBytesMax = VALUE_BYTES_MAX;
    yield* this.#tree(this.meta.main);
    this.#checkEnd();
  }

  *#tree(root: LmdbRoot): Generator<Row, void, void> {
    this.#entries = 0;
    if (root.page === undefined || this.#problem !== undefined) return;
    yield* this.#page(root.page, { level: root.depth, from: undefined, to: undefined });
    if (this.#entries !== root.entries) this.#fail('it has not as many rows as it says');
  }

  *#page(number: number, bounds: Bounds): Generator<Row, void, void> {
    const page = (this.#pages[bounds.level] ??= Buffer.allocUnsafeSlow(this.#pageBytes));
    const flag = bounds.level === 1 ? PAGE_FLAG.leaf : PAGE_FLAG.branch;
    if (!this.#claim(number, 1) || !this.#load(page, number, flag)) return;
    const count = this.#checkNodes(page, bounds);
    for (let at = 0; at < count && this.#problem === undefined; at++) {
      if (flag === PAGE_FLAG.leaf) {
        const row = this.#row(page, nodeAt(page, at));
        this.#entries++;
        if (row !== undefined) yield row;
        continue;
      }
      const from = at === 0 ? bounds.from : keyOf(page, at);
      const to = at + 1 < count ? keyOf(page, at + 1) : bounds.to;
      yield* this.#page(childOf(page, nodeAt(page, at)), { level: bounds.level - 1, from, to });
    }
  }

  #load(page: Buffer, number: number, flag: number): boolean {
    if (!this.source.read(page, number * this.#pageBytes)) return this.#fail('its end is missing');
    const isRight = u64(page, 0) === number && page.readUInt16LE(18) === flag && u64(page, 8) <= this.meta.txnId;
    return isRight || this.#fail(`page ${number} is not what it should be`);
  }

  /** How many nodes the page has; 0 when one of them is not sound. */
  #checkNodes(page: Buffer, { level, from, to }: Bounds): number {
    const lower = page.readUInt16LE(20);
    const upper = page.readUInt16LE(22);
    const room = this.#pageBytes - PAGE_HEADER_BYTES;
    const count = lower >>> 1;
    if (lower % 2 !== 0 || lower > upper || upper > room || count === 0) return this.#failPage();
    let last = from;
    let used = 0;
    for (let at = 0; at < count; at++) {
      const offset = page.readUInt16LE(PAGE_HEADER_BYTES + 2 * at);
      if (offset < upper || offset % 2 !== 0 || offset + NODE_HEADER_BYTES > room) return this.#failPage();
      const bytes = nodeBytes(page, offset + PAGE_HEADER_BYTES, level === 1);
      if (bytes === undefined || offset + bytes > room) return this.#failPage();
      used += bytes + (bytes & 1);
      // The first key of a branch page says nothing.
      if (level > 1 && at === 0) continue;
      const key = keyOf(page, at);
      const isAbove = last === undefined || this.#compare(last, key) < (last === from ? 1 : 0);
      if (key.length === 0 || !isAbove || (to !== undefined && this.#compare(key, to) >= 0)) return this.#failPage();
      last = key;
    }
    // The library leaves no gaps, and nodes that lie over each other would leave some.
    return used === room - upper ? count : this.#failPage();
  }

  #row(page: Buffer, node: number): Row | undefined {
    const valueBytes = page.readUInt32LE(node);
    const start = node + NODE_HEADER_BYTES + page.readUInt16LE(node + 6);
    const key = page.subarray(node + NODE_HEADER_BYTES, start);
    if (page.readUInt16LE(node + 4) === 0) return { key, value: page.subarray(start, start + valueBytes) };
    const number = u64(page, start);
    const pages = Math.floor((PAGE_HEADER_BYTES - 1 + valueBytes) / this.#pageBytes) + 1;
    if (valueBytes > this.#valueBytesMax || u64(page, start + 16) !== pages || !this.#claim(number, pages)) {
      this.#fail('a row points to where it has no value');
      return undefined;
    }
    const bytes = PAGE_HEADER_BYTES + valueBytes;
    if (this.#overflow.length < bytes) this.#overflow = Buffer.allocUnsafeSlow(2 * bytes);
    const overflow = this.#overflow.subarray(0, bytes);
    if (!this.#load(overflow, number, PAGE_FLAG.overflow)) return undefined;
    if (overflow.readUInt32LE(20) !== pages) this.#fail(`page ${number} is not what it should be`);
    return { key, value: overflow.subarray(PAGE_HEADER_BYTES) };
  }

  /** A list of free pages: its length, then numbers; -n says that the next one starts n pages, 0 nothing. */
  #claimFree(list: Buffer): void {
    const count = list.length < 8 ? Number.NaN : u64(list, 0);
    if (!(8 * count + 8 <= list.length)) return void this.#fail('its list of free pages is damaged');
    let pages = 1;
    for (let at = 8; at <= 8 * count && this.#problem === undefined; at += 8) {
      const number = Number(list.readBigInt64LE(at));
      if (number > 0) this.#claim(number, pages);
      pages = number < 0 ? -number : 1;
    }
  }

  #claim(first: number, count: number): boolean {
    const end = first + count;
    if (!(first > 1) || !(count > 0) || !(end <= this.meta.lastPage + 1)) {
      return this.#fail('a page lies outside of the database');
    }
    for (let page = first; page < end; page++) {
      const bit = 1 << (page & 7);
      const byte = this.#claimed[page >>> 3]!;
      if ((byte & bit) !== 0) return this.#fail(`page ${page} is used twice`);
      this.#claimed[page >>> 3] = byte | bit;
    }
    return true;
  }

  /** Pages that were given out but never written can only be free ones. */
  #checkEnd(): void {
    for (let page = Math.floor(this.source.bytes / this.#pageBytes); page <= this.meta.lastPage; page++) {
      if ((this.#claimed[page >>> 3]! & (1 << (page & 7))) === 0) return void this.#fail('its end is missing');
    }
  }

  #failPage(): 0 {
    this.#fail('the nodes of a page are damaged');
    return 0;
  }

  #fail(problem: string): false {
    this.#problem ??= problem;
    return false;
  }
}

function nodeAt(page: Buffer, at: number): number {
  return page.readUInt16LE(PAGE_HEADER_BYTES + 2 * at) + PAGE_HEADER_BYTES;
}

function keyOf(page: Buffer, at: number): Buffer {
  const node = nodeAt(page, at);
  const start = node + NODE_HEADER_BYTES;
  return page.subarray(start, start + page.readUInt16LE(node + 6));
}

function childOf(page: Buffer, node: number): number {
  return page.readUInt32LE(node) + page.readUInt16LE(node + 4) * 2 ** 32;
}

/** Bytes of a node in its page; undefined when its flags are none that are in use here. */
function nodeBytes(page: Buffer, node: number, isLeaf: boolean): number | undefined {
  const head = NODE_HEADER_BYTES + page.readUInt16LE(node + 6);
  if (!isLeaf) return head;
  const flags = page.readUInt16LE(node + 4);
  if (flags === IN_OVERFLOW) return head + OVERFLOW_REFERENCE_BYTES;
  return flags === 0 ? head + page.readUInt32LE(node) : undefined;
}

function compareBytes(a: Buffer, b: Buffer): number {
  return Buffer.compare(a, b);
}

/** The list of free pages has numbers as keys. */
function compareIntegers(a: Buffer, b: Buffer): number {
  if (a.length !== 8 || b.length !== 8) return 1;
  const difference = a.readBigUInt64LE() - b.readBigUInt64LE();
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}
