import { describe, expect, it } from 'vitest';
import { encodeCursor } from '../../../src/subscriptions/cursor.js';
import { readSavedDurables, savedDurables } from '../../../src/subscriptions/durables.js';
import { readSavedSubscriptions, savedSubscriptions } from '../../../src/subscriptions/node-subscriptions.js';
import { testStream } from './written-log.js';

const throughJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

describe('saved subscriptions', () => {
  it('come back as they were', () => {
    const since = new Map([
      ['chat', 5],
      ['news.>', 0],
    ]);
    expect(readSavedSubscriptions(throughJson(savedSubscriptions(since)))).toEqual({ ok: true, value: since });
  });

  it('are refused when the document is not theirs', () => {
    const entry = (pattern: unknown, sinceMs: unknown) => ({ version: 1, subscriptions: [{ pattern, sinceMs }] });
    const damaged = [
      null,
      [],
      {},
      { version: 2, subscriptions: [] },
      entry('a..b', 1),
      entry(1, 1),
      entry('a', -1),
      entry('a', '1'),
    ];
    expect(damaged.filter((document) => readSavedSubscriptions(document).ok)).toEqual([]);
  });
});

describe('saved durable subscriptions', () => {
  const cursor = { sinceMs: 5, streams: new Map([[testStream('jobs').id, 3]]) };

  it('come back as they were', () => {
    const durables = new Map([['worker', { pattern: 'jobs', cursor }]]);
    const document = throughJson(savedDurables(durables, encodeCursor));
    expect(readSavedDurables(document)).toEqual({ ok: true, value: durables });
  });

  it('are refused when the document is not theirs', () => {
    const entry = (fields: object) => ({
      version: 1,
      durables: [{ name: 'w', pattern: 'jobs', cursor: encodeCursor(cursor), ...fields }],
    });
    const damaged = [
      undefined,
      { version: 1 },
      entry({ name: 1 }),
      entry({ pattern: '..' }),
      entry({ cursor: 'x' }),
      entry({ cursor: 1 }),
    ];
    expect(damaged.filter((document) => readSavedDurables(document).ok)).toEqual([]);
  });
});
