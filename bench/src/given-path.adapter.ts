import { resolve } from 'node:path';

/** A path that somebody typed, which counts from where npm was called. */
export function givenPath(path: string): string {
  return resolve(process.env['INIT_CWD'] ?? '.', path);
}
