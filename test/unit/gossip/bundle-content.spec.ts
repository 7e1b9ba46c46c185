import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ContentWriter, decodeContent, HEADERS_MAX, type Draft } from '../../../src/gossip/bundles/bundle-content.js';
import { nodeId, streamBy } from './arbitraries.js';

const STREAM = streamBy(nodeId(1));

describe('bundle content', () => {
  it('gives back any messages as they were put in, with their seqs', () => {
    fc.assert(
      fc.property(
        fc.array(draft(), { minLength: 1, maxLength: 20 }),
        fc.integer({ min: 1, max: 1e12 }),
        (drafts, firstSeq) => {
          const writer = new ContentWriter(drafts[0]!.publishedAtMs);
          for (const each of drafts) writer.append(each, each.publishedAtMs);
          const place = { stream: STREAM, firstSeq, lastSeq: firstSeq + drafts.length - 1, timeMs: writer.timeMs };
          const decoded = decodeContent(writer.finish(), place, 'A');
          const expected = drafts.map((each, at) => ({
            ...each,
            stream: STREAM,
            seq: firstSeq + at,
            publisherName: 'A',
            payload: Buffer.from(each.payload),
            headers: Object.keys(each.headers ?? {}).length === 0 ? undefined : each.headers,
          }));
          expect(decoded).toEqual({ ok: true, value: expected });
        },
      ),
    );
  });

  it('lives as long as its longest message', () => {
    const writer = new ContentWriter(1_000);
    writer.append(message({ ttlMs: 50 }), 1_000);
    writer.append(message({ ttlMs: 100 }), 1_020);
    expect(writer.ttlMs).toBe(120);
    writer.append(message({ ttlMs: undefined }), 1_020);
    expect(writer.ttlMs).toBeUndefined();
  });

  it('refuses content that does not hold as many messages as the header says', () => {
    const writer = new ContentWriter(0);
    writer.append(message({}), 0);
    const bytes = writer.finish();
    const place = { stream: STREAM, firstSeq: 1, timeMs: 0 };
    expect(decodeContent(bytes, { ...place, lastSeq: 1 }, 'A').ok).toBe(true);
    expect(decodeContent(bytes, { ...place, lastSeq: 2 }, 'A').ok).toBe(false);
    expect(decodeContent(Buffer.concat([bytes, bytes]), { ...place, lastSeq: 1 }, 'A').ok).toBe(false);
  });

  it('refuses more headers than allowed', () => {
    const headers = Object.fromEntries(Array.from({ length: HEADERS_MAX + 1 }, (_, at) => [`h${at}`, 'v']));
    const writer = new ContentWriter(0);
    writer.append(message({ headers }), 0);
    expect(decodeContent(writer.finish(), { stream: STREAM, firstSeq: 1, lastSeq: 1, timeMs: 0 }, 'A').ok).toBe(false);
  });

  it('keeps a header named __proto__ a header', () => {
    const writer = new ContentWriter(0);
    writer.append(message({ headers: JSON.parse('{"__proto__":"x"}') as Record<string, string> }), 0);
    const decoded = decodeContent(writer.finish(), { stream: STREAM, firstSeq: 1, lastSeq: 1, timeMs: 0 }, 'A');
    expect(decoded.ok && Object.entries(decoded.value[0]!.headers!)).toEqual([['__proto__', 'x']]);
  });

  it('never throws on other bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.integer({ min: 1, max: 1_024 }), (bytes, count) => {
        decodeContent(Buffer.from(bytes), { stream: STREAM, firstSeq: 1, lastSeq: count, timeMs: 0 }, 'A');
      }),
    );
  });
});

function message(fields: Partial<Draft>): Draft {
  return {
    ttlMs: undefined,
    headers: undefined,
    idempotencyKey: undefined,
    encoding: 'json',
    payload: Buffer.from('1'),
    ...fields,
  };
}

function draft(): fc.Arbitrary<Draft & { publishedAtMs: number }> {
  return fc.record({
    publishedAtMs: fc.integer({ min: 1.6e12, max: 1.9e12 }),
    ttlMs: fc.option(fc.nat(), { nil: undefined }),
    headers: fc.option(
      fc.dictionary(fc.string({ maxLength: 20 }), fc.string({ maxLength: 20 }), { maxKeys: 5, noNullPrototype: true }),
      {
        nil: undefined,
      },
    ),
    idempotencyKey: fc.option(fc.string({ maxLength: 40 }), { nil: undefined }),
    encoding: fc.constantFrom('json' as const, 'bytes' as const),
    payload: fc.uint8Array({ maxLength: 100 }),
  });
}
