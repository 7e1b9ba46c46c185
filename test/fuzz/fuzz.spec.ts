import { describe, expect, it } from 'vitest';
import type { FuzzTarget } from './fuzz-target.js';
import { fuzz, Frames } from './fuzz.js';
import { mutateBytes } from './mutate-bytes.js';
import { TARGETS } from './targets.js';

/** A few seconds in all; `npm run fuzz` tries millions. */
const FRAMES = 1_000;
/** What needs a thousand times as long as a ping: public keys and node-jose. */
const COSTLY = /^(Handshake|isSignedByItself|openEnvelope|readIdentity|.*NodeRecord|decodePublicJwk|decodeKeySet)/;

describe.each(TARGETS.map((target) => [target.decoder, target] as const))('%s', (decoder, target) => {
  it('holds against mutated frames', { timeout: 120_000 }, async () => {
    const count = COSTLY.test(decoder) ? FRAMES / 10 : FRAMES;
    const report = await fuzz({ ...target, msMax: Infinity }, { seed: 1, count });
    expect(report.failure).toBeUndefined();
    expect(report.frames).toBe(count);
  });

  it('accepts what no one has mutated', async () => {
    const genuine = { ...target, mutate: takeInTurn() };
    const { length } = await target.corpus();
    const report = await fuzz({ ...genuine, msMax: Infinity }, { seed: 1, count: length });
    expect(report).toMatchObject({ accepted: length });
    if (target.encode !== undefined) expect(report.canonical).toBe(length);
  });

  it('gets the same frames for the same seed', async () => {
    const [once, again] = [await Frames.of(target, 7), await Frames.of(target, 7)];
    for (let frame = 0; frame < 50; frame++) expect(once.at(frame).equals(again.at(frame))).toBe(true);
  });
});

describe('fuzzing', () => {
  const harmless: FuzzTarget = {
    decoder: 'sample',
    corpus: () => [Buffer.from('some bytes to be mutated')],
    mutate: mutateBytes,
    decode: (input: Buffer) => input,
  };

  it.each<[string, Partial<FuzzTarget>, RegExp]>([
    ['throws', { decode: (input: Buffer) => ensure(input.length < 30) }, /^threw/],
    ['is slow', { decode: (input: Buffer) => input.length < 30 || busyMs(20), msMax: 10 }, /^took/],
    ['allocates', { decode: (input: Buffer) => input.length < 30 || Buffer.alloc(2 ** 24) }, /^allocated/],
    ['reads a number that is none', { decode: (input: Buffer) => input.length - 0.5 }, /value is/],
    ['reads ill-formed text', { decode: () => ({ text: '\ud800' }) }, /value\.text is ill-formed/],
    ['cannot read what it wrote', { decode: oddOnly, encode: () => Buffer.alloc(2) }, /which is refused/],
    ['writes something else', { encode: (input: Buffer) => input.subarray(1) }, /says something else/],
  ])('finds out a decoder that %s, and tells the frame', async (_, faulty, reason) => {
    const target = { ...harmless, ...faulty };
    const { failure } = await fuzz(target, { seed: 1, count: 20_000 });
    expect(failure?.reason).toMatch(reason);
    const frames = await Frames.of(target, 1);
    expect(frames.at(failure!.frame).toString('hex')).toBe(failure!.hex);
  });
});

function takeInTurn(): FuzzTarget['mutate'] {
  let next = 0;
  return (_, corpus) => corpus[next++ % corpus.length] ?? Buffer.alloc(0);
}

function ensure(isSound: boolean): boolean {
  if (!isSound) throw new Error('a programmer had not thought of it');
  return true;
}

function busyMs(ms: number): boolean {
  const end = performance.now() + ms;
  while (performance.now() < end);
  return true;
}

function oddOnly(input: Buffer): Buffer | undefined {
  return input.length % 2 === 1 ? input : undefined;
}
