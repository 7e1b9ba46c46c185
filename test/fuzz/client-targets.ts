import { readPublishAsk, readSubscribe, readUnsubscribe } from '../../src/api/event-request.js';
import { readJson, readNdjson } from '../../src/api/json-body.js';
import { jsonProblem } from '../../src/api/json-bounds.js';
import { readIdempotencyKey, readPublish, readPublishOptions } from '../../src/api/publish-request.js';
import { decodeCursor, encodeCursor, type Cursor } from '../../src/subscriptions/cursor.js';
import { readSavedDurables } from '../../src/subscriptions/durables.js';
import { readSavedSubscriptions } from '../../src/subscriptions/node-subscriptions.js';
import { readStartingPoint } from '../../src/subscriptions/starting-point.js';
import { patternProblem, topicProblem } from '../../src/topics/topic.js';
import { refusing, valueOf, type FuzzTarget } from './fuzz-target.js';
import { mutateBytes } from './mutate-bytes.js';
import { mutateJson, parseJson } from './mutate-json.js';

const STREAM = 'RPJG30ifHuJQax33';
const MARK = { store: Buffer.alloc(6, 9).toString('base64url'), arrival: 2 ** 40, seq: 3 };
const CURSORS: readonly Cursor[] = [
  { sinceMs: 0, streams: new Map() },
  { sinceMs: 1_700_000_000_000, streams: new Map([[STREAM, 7]]), mark: MARK },
];
/** Bodies are bounded by a setting, and take time by their length. */
const BODY = { bytesMax: 16 * 1024 };
const TOKEN = encodeCursor(CURSORS[1] as Cursor);
const PUBLICATION = { topic: 'news.eu', message: { hello: ['world', 1] }, ttlMs: 60_000, headers: { lang: 'en' } };
const BYTES = { topic: 'news.eu', message: { $bytes: 'aGVsbG8=' } };

/** What clients send, as it is read before anything is done. */
export const CLIENT_TARGETS: readonly FuzzTarget[] = [
  {
    decoder: 'decodeCursor',
    corpus: () => CURSORS.map((cursor) => Buffer.from(encodeCursor(cursor), 'base64url')),
    mutate: mutateBytes,
    decode: (input: Buffer) => valueOf(decodeCursor(input.toString('base64url'))),
    encode: (cursor: Cursor) => Buffer.from(encodeCursor(cursor), 'base64url'),
  },
  {
    ...ofText('topicProblem', ['chat', 'news.eu', '日本.ü']),
    decode: (input: Buffer) => accepted(input, topicProblem),
  },
  {
    ...ofText('patternProblem', ['chat', 'news.*', 'a.>']),
    decode: (input: Buffer) => accepted(input, patternProblem),
  },
  {
    ...ofJson('readStartingPoint', ['retained', TOKEN, { [STREAM]: 7 }, { cursor: TOKEN, [STREAM]: 8 }]),
    prepare: parseJson,
    decode: (value: unknown) => valueOf(readStartingPoint(value)),
  },
  {
    ...ofJson('readPublish', [PUBLICATION, BYTES]),
    prepare: parseJson,
    decode: (value: unknown) => refusing(() => readPublish(value)),
    // What is published is the client's own affair, as long as it is JSON of a bounded depth.
    problem: ({ message }: { message: unknown }) => (message instanceof Uint8Array ? undefined : jsonProblem(message)),
  },
  {
    ...ofJson('readPublishOptions', [{ ack: 'all', timeoutMs: 100 }, { ack: '2' }]),
    prepare: parseJson,
    decode: (value: unknown) => refusing(() => readPublishOptions(Object(value) as object as never)),
  },
  {
    ...ofJson('readIdempotencyKey', ['order-17']),
    prepare: parseJson,
    decode: (value: unknown) => refusing(() => readIdempotencyKey(value)),
  },
  {
    ...ofJson('readPublishAsk', [{ ...PUBLICATION, ack: 'all', timeoutMs: 100, idempotencyKey: 'order-17' }]),
    prepare: parseJson,
    decode: (value: unknown) => refusing(() => readPublishAsk(value).options),
  },
  {
    ...ofJson('readSubscribe', [{ topic: 'news.*', after: TOKEN, batch: true }]),
    prepare: parseJson,
    decode: (value: unknown) => refusing(() => readSubscribe(value)),
    problem: ({ isBatched }: { isBatched: unknown }) => (typeof isBatched === 'boolean' ? undefined : 'batch is none'),
  },
  {
    ...ofJson('readUnsubscribe', [{ topic: 'news.*' }]),
    prepare: parseJson,
    decode: (value: unknown) => refusing(() => readUnsubscribe(value)),
    problem: (topic: unknown) => (typeof topic === 'string' ? undefined : 'the topic is no text'),
  },
  {
    ...ofJson('readJson', [PUBLICATION]),
    ...BODY,
    decode: (input: Buffer) => readJson(input.toString('utf8')),
    problem: () => undefined,
  },
  {
    ...ofJson('readNdjson', [PUBLICATION, BYTES]),
    ...BODY,
    decode: (input: Buffer) => readNdjson(`${input.toString('utf8')}\n${JSON.stringify(BYTES)}`),
    problem: ({ items }: { items: readonly unknown[] }) => (items.length > 0 ? undefined : 'a line is lost'),
  },
  {
    ...ofJson('readSavedDurables', [{ version: 1, durables: [{ name: 'audit', pattern: 'news.>', cursor: TOKEN }] }]),
    prepare: parseJson,
    decode: (value: unknown) => valueOf(readSavedDurables(value)),
  },
  {
    ...ofJson('readSavedSubscriptions', [{ version: 1, subscriptions: [{ pattern: 'news.>', sinceMs: 5 }] }]),
    prepare: parseJson,
    decode: (value: unknown) => valueOf(readSavedSubscriptions(value)),
  },
];

function ofJson(decoder: string, values: readonly unknown[]): Omit<FuzzTarget, 'decode'> {
  return {
    decoder,
    corpus: () => values.map((value) => Buffer.from(JSON.stringify(value))),
    mutate: mutateJson,
  };
}

function ofText(decoder: string, texts: readonly string[]): Omit<FuzzTarget, 'decode'> {
  return { decoder, corpus: () => texts.map((text) => Buffer.from(text)), mutate: mutateBytes };
}

/** A text in which the check finds nothing, with what it then must be. */
function accepted(input: Buffer, problemOf: (text: string) => string | undefined): string | undefined {
  // Text of clients may hold lone surrogates, which UTF-8 has no bytes for.
  const text = input.length % 7 === 0 ? input.toString('utf16le') : input.toString('utf8');
  return problemOf(text) === undefined ? text : undefined;
}
