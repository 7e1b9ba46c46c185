import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';

interface Link {
  readonly page: string;
  /** As it is written: a path from the page, a heading, or both. */
  readonly target: string;
}

/** What people read: the pages at the root, and all below `docs` and `bench`. */
function pages(): string[] {
  const below = (folder: string): string[] =>
    readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return ['node_modules', 'dist'].includes(entry.name) ? [] : below(path);
      return entry.name.endsWith('.md') ? [path] : [];
    });
  return [...readdirSync('.').filter((name) => name.endsWith('.md')), ...below('docs'), ...below('bench')];
}

/** A page without its code, in which nothing is a link. */
function prose(page: string): string {
  return readFileSync(page, 'utf8')
    .replaceAll(/^(```|~~~)[^]*?^\1/gm, '')
    .replaceAll(/`[^`\n]*`/g, (code) => code.replaceAll(/[[\]()<>]/g, ' '));
}

/** Links that do not lead out of the repository. */
function linksOf(page: string): Link[] {
  const text = prose(page);
  const patterns = [/\]\(<?([^)\s>]+)>?(?:\s+"[^"]*")?\)/g, /^\s*\[[^\]]+\]:\s*(\S+)/gm, /\b(?:href|src)="([^"]+)"/g];
  return patterns
    .flatMap((pattern) => [...text.matchAll(pattern)].map(([, target = '']) => ({ page, target })))
    .filter(({ target }) => !/^[a-z][a-z0-9+.-]*:/i.test(target));
}

/** The names that a page's headings have in links. */
function anchorsOf(page: string): Set<string> {
  const text = readFileSync(page, 'utf8').replaceAll(/^(```|~~~)[^]*?^\1/gm, '');
  const names = [...text.matchAll(/^#{1,6}\s+(.+?)\s*$/gm)].map(([, heading = '']) =>
    heading
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replaceAll(/[^\p{Letter}\p{Number}\s_-]/gu, '')
      .replaceAll(/\s/g, '-'),
  );
  return new Set(names.map((name, index) => nameAt(names, name, index)));
}

/** Headings of the same name are told apart by a number. */
function nameAt(names: readonly string[], name: string, index: number): string {
  const before = names.slice(0, index).filter((each) => each === name).length;
  return before === 0 ? name : `${name}-${before}`;
}

/** What is wrong with a link, if anything. */
function problemOf({ page, target }: Link): string | undefined {
  const [path = '', anchor] = target.split('#', 2);
  const reached = path === '' ? page : join(dirname(page), decodeURIComponent(path));
  if (relative('.', reached).startsWith('..')) return 'leads out of the repository';
  if (!existsSync(reached)) return 'leads nowhere';
  if (anchor === undefined || anchor === '' || statSync(reached).isDirectory()) return undefined;
  return reached.endsWith('.md') && !anchorsOf(reached).has(anchor) ? 'names no heading' : undefined;
}

describe('the pages', () => {
  it('are all looked at, with links on them', () => {
    expect(pages()).toEqual(expect.arrayContaining(['README.md', 'docs/architecture.md', 'docs/testing.md']));
    expect(pages().flatMap(linksOf).length).toBeGreaterThan(10);
  });

  it('link only to what is there', () => {
    const broken = pages()
      .flatMap(linksOf)
      .flatMap((link) => {
        const problem = problemOf(link);
        return problem === undefined ? [] : [`${link.page}: ${link.target} ${problem}`];
      });
    expect(broken).toEqual([]);
  });

  it('would be found out with a link to nowhere', () => {
    const page = 'docs/testing.md';
    expect(problemOf({ page, target: 'nowhere.md' })).toBe('leads nowhere');
    expect(problemOf({ page, target: '../../elsewhere.md' })).toBe('leads out of the repository');
    expect(problemOf({ page, target: '#no-such-heading' })).toBe('names no heading');
    expect(problemOf({ page, target: '../README.md#no-such-heading' })).toBe('names no heading');
    expect(problemOf({ page, target: '#the-simulator' })).toBeUndefined();
    expect(problemOf({ page, target: '../src' })).toBeUndefined();
  });
});
