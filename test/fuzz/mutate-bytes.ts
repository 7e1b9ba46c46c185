import type { Random } from '../../src/runtime/random.js';

/** Longest mutant: above every bound that a decoder has, so that those are reached as well. */
const MUTANT_BYTES_MAX = 600 * 1024;
/** Most mutants are short, or few could be tried. */
const USUAL_BYTES_MAX = 4_096;

/** Numbers at which decoders break: around widths of fields, of varints and of what a double holds exactly. */
const HOSTILE_NUMBERS = [0, 1, 0x7f, 0x80, 0xff, 0x100, 0x3fff, 0x4000, 0xffff, 0x10000, 0x1fffff].concat(
  [31, 32, 48, 53].flatMap((bits) => [2 ** bits - 2, 2 ** bits - 1, 2 ** bits, 2 ** bits + 2]),
);

/** The same as eight bytes, of which the last ones are taken. */
const HOSTILE_WIDE = HOSTILE_NUMBERS.map((number) => {
  const wide = Buffer.alloc(8);
  wide.writeBigUInt64BE(BigInt(number));
  return wide;
});

/** The same as varints, and some that no writer makes: overlong, above 2^53, without an end. */
const HOSTILE_VARINTS = HOSTILE_NUMBERS.map(leb128).concat(
  ['8000', '80808080808000', 'ffffffffffffff7f', 'ffffffffffffffff01', 'ffffffffffffffffffffffff'].map((hex) =>
    Buffer.from(hex, 'hex'),
  ),
);

/** Text that is none, or that means something to somebody. */
const HOSTILE_TEXTS = [
  '80',
  'c0af',
  'eda080',
  'e282',
  'f4908080',
  '00',
  'efbfbd',
  'efbbbf',
  '65cc81',
  '2e2e',
  '3e',
  '2a',
]
  .map((hex) => Buffer.from(hex, 'hex'))
  .concat([Buffer.from('__proto__'), Buffer.from('constructor')]);

/** One to four changes to one of `corpus`; one mutant of 16 is random from beginning to end. */
export function mutateBytes(random: Random, corpus: readonly Buffer[]): Buffer {
  if (random.int(16) === 0) return randomBytes(random, random.int(300));
  let mutant = pick(random, corpus);
  for (let changes = 1 + random.int(4); changes > 0; changes--) {
    mutant = pick(random, CHANGES)(mutant, random, corpus).subarray(0, MUTANT_BYTES_MAX);
  }
  return mutant;
}

type Change = (bytes: Buffer, random: Random, corpus: readonly Buffer[]) => Buffer;

const CHANGES: readonly Change[] = [
  function flipBits(bytes, random) {
    const copy = Buffer.from(bytes);
    for (let flips = 1 + random.int(8); flips > 0 && copy.length > 0; flips--) {
      copy[random.int(copy.length)]! ^= 1 << random.int(8);
    }
    return copy;
  },
  function overwrite(bytes, random) {
    const copy = Buffer.from(bytes);
    if (copy.length > 0) copy[random.int(copy.length)] = random.int(256);
    return copy;
  },
  function truncate(bytes, random) {
    return bytes.subarray(0, random.int(bytes.length + 1));
  },
  function remove(bytes, random) {
    const [from, to] = range(bytes, random);
    return Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)]);
  },
  function splice(bytes, random, corpus) {
    const other = pick(random, corpus);
    return Buffer.concat([
      bytes.subarray(0, random.int(bytes.length + 1)),
      other.subarray(random.int(other.length + 1)),
    ]);
  },
  function repeat(bytes, random) {
    const [from, to] = range(bytes, random);
    const bytesMax = random.int(1_000) === 0 ? MUTANT_BYTES_MAX : USUAL_BYTES_MAX;
    if (from === to) return bytes;
    const times = 1 + random.int(Math.max(1, Math.floor(bytesMax / (to - from))));
    const repeated = Buffer.allocUnsafe(times * (to - from)).fill(bytes.subarray(from, to));
    return Buffer.concat([bytes.subarray(0, to), repeated, bytes.subarray(to)]);
  },
  function putVarint(bytes, random) {
    return put(bytes, pick(random, HOSTILE_VARINTS), random);
  },
  function putNumber(bytes, random) {
    return put(bytes, pick(random, HOSTILE_WIDE).subarray(8 - (1 + random.int(6))), random);
  },
  function putText(bytes, random) {
    return put(bytes, pick(random, HOSTILE_TEXTS), random);
  },
  function putNoise(bytes, random) {
    return put(bytes, randomBytes(random, 1 + random.int(40)), random);
  },
];

/** Puts `part` somewhere, over what is there or before it. */
function put(bytes: Buffer, part: Buffer, random: Random): Buffer {
  const at = random.int(bytes.length + 1);
  const after = random.int(2) === 0 ? at : Math.min(bytes.length, at + part.length);
  return Buffer.concat([bytes.subarray(0, at), part, bytes.subarray(after)]);
}

function range(bytes: Buffer, random: Random): readonly [number, number] {
  const [a, b] = [random.int(bytes.length + 1), random.int(bytes.length + 1)];
  return a < b ? [a, b] : [b, a];
}

function leb128(value: number): Buffer {
  const bytes: number[] = [];
  let rest = BigInt(value);
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return Buffer.from([...bytes, Number(rest)]);
}

function randomBytes(random: Random, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at < length; at++) bytes[at] = random.u32() & 0xff;
  return bytes;
}

/** One of a list that is not empty. */
export function pick<T>(random: Random, items: readonly T[]): T {
  return items[random.int(items.length)] as T;
}
