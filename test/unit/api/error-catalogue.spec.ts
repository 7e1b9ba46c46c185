import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { ERRORS } from '../../../src/runtime/errors.js';

it('docs/errors.md lists the same codes, statuses and titles as the catalogue', () => {
  const page = readFileSync(new URL('../../../docs/errors.md', import.meta.url), 'utf8');
  const rows = [...page.matchAll(/^\| `([a-z-]+)` +\| (\d+) +\| (.+?) +\|/gm)].map(([, code, status, title]) => ({
    code,
    status: Number(status),
    title,
  }));
  expect(rows).toEqual(Object.entries(ERRORS).map(([code, error]) => ({ code, ...error })));
});
