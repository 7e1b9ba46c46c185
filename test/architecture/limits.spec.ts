import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { constantsOf, written, type Constant } from './constants.js';
import { sourceFiles } from './source-files.js';

const PAGE = 'docs/limits.md';

/** What the name of a constant must say for it to be a limit. */
const IS_LIMIT = /(^|_)(MAX|PER_PEER)(_|$)|TIMEOUT_MS/;

/** Sums over the lengths of texts. */
const UNTOLD = ['src/crypto/handshake.ts HANDSHAKE_BYTES_MAX'];

interface Row {
  readonly name: string;
  readonly value: string;
  readonly atTheBound: string;
  readonly path: string;
}

/** Rows of the form: | `NAME` | value | what happens | `file` |. */
function rowsOf(page: string): readonly Row[] {
  return [...page.matchAll(/^\| `([A-Z][A-Z0-9_]*)` \| (.+?) \| (.*?) \| `(src\/[^`]+)` \|$/gm)].map(
    ([, name = '', value = '', atTheBound = '', path = '']) => ({ name, value, atTheBound, path }),
  );
}

const constants = constantsOf(sourceFiles('src'));
const limits = constants.filter(({ name, value }) => IS_LIMIT.test(name) && value !== undefined);
const rows = rowsOf(readFileSync(PAGE, 'utf8'));
const keyOf = ({ path, name }: Pick<Constant, 'path' | 'name'>): string => `${path} ${name}`;

describe('the page of limits', () => {
  it('is held against the code as a whole', () => {
    expect(limits.length).toBeGreaterThan(100);
    expect(rows.length).toBeGreaterThanOrEqual(limits.length);
  });

  it('lists every limit of the code', () => {
    const listed = new Set(rows.map(keyOf));
    const missing = limits.filter((limit) => !listed.has(keyOf(limit)));
    expect(
      missing.map(({ path, name, value }) => `| \`${name}\` | ${written(name, value!)} | … | \`${path}\` |`),
    ).toEqual([]);
  });

  it('lists nothing that is not in the code, and everything with its value', () => {
    const known = new Map(constants.map((each) => [keyOf(each), each]));
    const wrong = rows.flatMap((row) => {
      const value = known.get(keyOf(row))?.value;
      const expected = value === undefined ? 'no such constant' : written(row.name, value);
      return expected === row.value ? [] : [`${row.path} ${row.name}: ${row.value}, should be: ${expected}`];
    });
    expect(wrong).toEqual([]);
  });

  it('says of each once what happens there', () => {
    expect(rows.filter(({ atTheBound }) => atTheBound.length < 10).map(keyOf)).toEqual([]);
    expect(new Set(rows.map(keyOf)).size).toBe(rows.length);
  });

  it('knows no limit whose value cannot be told', () => {
    const untold = constants.filter(({ name, value }) => IS_LIMIT.test(name) && value === undefined);
    expect(untold.map(keyOf)).toEqual(UNTOLD);
  });
});

describe('a value', () => {
  it.each([
    ['A_BYTES_MAX', 16 * 1024 * 1024, '16 MiB'],
    ['A_BYTES_MAX', 4_099, '4,099 B'],
    ['A_TIMEOUT_MS', 1_500, '1,500 ms'],
    ['A_MS_MAX', 48 * 3_600_000, '48 h'],
    ['A_MAX', 65_536, '65,536'],
    ['A_BYTES_MAX', { control: 1024, data: 10 }, 'control 1 KiB, data 10 B'],
    ['KEPT_MAX', { keptMs: 600_000, sizeMax: 5 }, 'keptMs 10 min, sizeMax 5'],
  ])('%s of %o is written %s', (name, value, text) => {
    expect(written(name, value)).toBe(text);
  });

  it('is followed over files, members and sums', () => {
    const files = [
      {
        path: 'src/a.ts',
        text: "import { B } from './b.js';\nexport const A_MAX = (B.one + 2) * 10 ** 3 - B.two / 2;",
      },
      { path: 'src/b.ts', text: 'export const B = { one: 1_000, two: 4 } as const;' },
    ];
    expect(constantsOf(files)[0]).toEqual({ path: 'src/a.ts', name: 'A_MAX', value: 1_001_998 });
  });
});
