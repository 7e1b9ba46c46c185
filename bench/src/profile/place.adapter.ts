import { existsSync, readFileSync } from 'node:fs';
import { SourceMap, type SourceMapPayload } from 'node:module';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CallFrame, Place } from './frames.js';

const PACKAGE = /^.*\/node_modules\//;
const OWN = /^.*?\/((bench\/)?)dist\//;

const maps = new Map<string, SourceMap | undefined>();

/** Where a function stands in the sources, as far as compiled files have a map beside them. */
export function placeOf({ functionName, url, lineNumber, columnNumber }: CallFrame): Place {
  if (functionName === '(garbage collector)') return { origin: 'garbage collector', fileAndLine: '' };
  if (url === '') return { origin: 'native', fileAndLine: '' };
  const compiled = `:${lineNumber + 1}`;
  if (url.startsWith('node:'))
    return { origin: 'Node', fileAndLine: url.replace('node:internal/', 'node:') + compiled };
  if (PACKAGE.test(url)) return { origin: 'libraries', fileAndLine: url.replace(PACKAGE, '') + compiled };
  const origin = OWN.exec(url)?.[1] === 'bench/' ? 'bench' : 'ours';
  const entry = mapOf(url)?.findEntry(lineNumber, columnNumber);
  const file = OWN.test(url) ? url.replace(OWN, '$1') : basename(url);
  if (entry === undefined || !('originalLine' in entry)) return { origin, fileAndLine: file + compiled };
  return { origin, fileAndLine: `${file.replace(/\.js$/, '.ts')}:${entry.originalLine + 1}` };
}

function mapOf(url: string): SourceMap | undefined {
  if (!maps.has(url)) maps.set(url, readMap(url));
  return maps.get(url);
}

function readMap(url: string): SourceMap | undefined {
  const path = url.startsWith('file:') ? `${fileURLToPath(url)}.map` : '';
  return existsSync(path) ? new SourceMap(JSON.parse(readFileSync(path, 'utf8')) as SourceMapPayload) : undefined;
}
