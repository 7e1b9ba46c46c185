import type { Random } from '../../src/runtime/random.js';
import type { Mutate } from './fuzz-target.js';
import { mutateBytes, pick } from './mutate-bytes.js';

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** Stands for a number that JSON can spell and `JSON.stringify` does not write: it is read as Infinity. */
const BEYOND_DOUBLES = '1e999';

const HOSTILE_KEYS = [
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  '',
  '0',
  '\ud800',
  'jwk',
  'zip',
  'crit',
];

const HOSTILE_VALUES: readonly Json[] = [
  null,
  true,
  false,
  0,
  -0,
  1,
  -1,
  0.5,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 48,
  2 ** 53,
  2 ** 53 + 2,
  1e308,
  -1e308,
  5e-324,
  '',
  '0',
  '1',
  '-1',
  'NaN',
  '1e9',
  ' ',
  '\0',
  '\ud800',
  'é',
  'e\u0301',
  '>',
  '*',
  'a.>',
  '*.*.*.*',
  '..',
  '__proto__',
  'none',
  'HS256',
  '../../etc/passwd',
  'http://169.254.169.254/',
  'file:///etc/passwd',
  'a'.repeat(256),
  BEYOND_DOUBLES,
  [],
  {},
  [[]],
  [null],
  { a: {} },
  Object.fromEntries([['__proto__', { isAdmin: true }]]),
];

/** Mutants of JSON texts: other values, keys and depths in any place, and what bytes can suffer. */
export const mutateJson: Mutate = (random, corpus) => {
  if (random.int(8) === 0) return mutateBytes(random, corpus);
  const value = parseJson(pick(random, corpus));
  if (value === undefined) return mutateBytes(random, corpus);
  const text = spell(changed(value, random));
  return random.int(16) === 0 ? mutateBytes(random, [Buffer.from(text)]) : Buffer.from(text);
};

/** Mutants of tokens with dots between parts of base64url: the JSON inside is changed, or the text itself. */
export const mutateToken: Mutate = (random, corpus) => {
  if (random.int(4) === 0) return mutateBytes(random, corpus);
  const parts = pick(random, corpus).toString('latin1').split('.');
  const at = random.int(Math.min(2, parts.length));
  const part = mutateJson(random, [Buffer.from(parts[at] ?? '', 'base64url')]);
  parts[at] = part.toString('base64url');
  return Buffer.from(parts.join('.'), 'latin1');
};

/** `value` with one to three of its parts changed. */
function changed(value: Json, random: Random): Json {
  let mutant = value;
  for (let changes = 1 + random.int(3); changes > 0; changes--) mutant = changeSomewhere(mutant, random, 8);
  return mutant;
}

function changeSomewhere(value: Json, random: Random, depthLeft: number): Json {
  const isHere = typeof value !== 'object' || value === null || depthLeft === 0 || random.int(3) === 0;
  if (isHere) return changeHere(value, random);
  const entries = Object.entries(value);
  const at = random.int(entries.length);
  const [key, child] = entries[at] ?? ['', null];
  entries[at] = [key, changeSomewhere(child, random, depthLeft - 1)];
  return rebuilt(value, entries);
}

function changeHere(value: Json, random: Random): Json {
  const entries = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  const at = random.int(entries.length + 1);
  switch (random.int(8)) {
    case 0:
      // Deeper than `JSON.stringify` could go, so it is spelled out by `spell`.
      return `nested:${random.int(100) === 0 ? 100_000 : random.int(200)}`;
    case 1:
      return rebuilt(value, [...entries, [pick(random, HOSTILE_KEYS), pick(random, HOSTILE_VALUES)]]);
    case 2:
      return rebuilt(value, entries.toSpliced(at, 1));
    case 3:
      return rebuilt(value, [...entries, ...entries.slice(at), ...entries.slice(at)]);
    case 4:
      return typeof value === 'string' ? mutateBytes(random, [Buffer.from(value)]).toString('utf8') : typeof value;
    default:
      return pick(random, HOSTILE_VALUES);
  }
}

/** A list stays a list, all else becomes an object. */
function rebuilt(value: Json, entries: readonly (readonly [string, Json])[]): Json {
  return Array.isArray(value) ? entries.map(([, child]) => child) : Object.fromEntries(entries);
}

function spell(value: Json): string {
  return JSON.stringify(value)
    .replaceAll(`"${BEYOND_DOUBLES}"`, BEYOND_DOUBLES)
    .replaceAll(/"nested:(\d{1,6})"/g, (_, depth: string) => '['.repeat(Number(depth)) + ']'.repeat(Number(depth)));
}

/** The value of a JSON text as who takes it finds it; what is no JSON never gets there. */
export function parseJson(bytes: Buffer): Json | undefined {
  try {
    return JSON.parse(bytes.toString('utf8')) as Json;
  } catch {
    return undefined;
  }
}
