import { describe, expect, it } from 'vitest';
import { sourceFiles } from '../architecture/source-files.js';
import { TARGETS } from './targets.js';

/** Named like a decoder, and not one of what comes from outside. */
const NO_DECODERS: Readonly<Record<string, string>> = {
  decoded: 'makes an outcome',
  readEnvironment: 'variables of the process, read once at start',
  parseBootstrapAddress: 'an entry of PEERS that was checked with the settings',
  readyLine: 'words for a terminal',
  openEnvironment: 'a folder',
  readTlsCredentials: 'files of the operator',
  readFormat: 'a file of its own that the store keeps',
  readRequest: 'calls readStartingPoint',
};

const DECODERS = /^export (?:async )?(?:function |class )((?:decode|parse|open|read)\w*|\w*Decoder)\b/gm;

describe('the list of decoders', () => {
  const found = sourceFiles('src').flatMap(({ text }) => [...text.matchAll(DECODERS)].map(([, name]) => name ?? ''));
  const fuzzed = TARGETS.map(({ decoder }) => decoder);

  it('has every function that reads what comes from outside', () => {
    const missing = found.filter((name) => !fuzzed.includes(name) && !Object.hasOwn(NO_DECODERS, name));
    expect(missing, 'add them to test/fuzz/*-targets.ts, or say in NO_DECODERS why not').toEqual([]);
  });

  it('excuses none that is not there', () => {
    expect(Object.keys(NO_DECODERS).filter((name) => !found.includes(name))).toEqual([]);
  });

  it('has no decoder twice', () => {
    expect(new Set(fuzzed).size).toBe(fuzzed.length);
  });
});
