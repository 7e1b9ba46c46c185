import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ERRORS, type ErrorCode } from '../../src/runtime/errors.js';
import type { RunningNode } from '../../src/start-node.js';
import { request, startApiNode } from './api-node.js';

interface Media {
  readonly example?: unknown;
  readonly examples?: Record<string, { readonly value: unknown }>;
}

interface Documented {
  readonly headers?: Record<string, unknown>;
  readonly content?: Record<string, Media>;
}

interface Operation {
  readonly summary?: string;
  readonly security?: readonly object[];
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly required?: boolean;
    readonly example?: unknown;
    readonly schema?: { readonly example?: unknown };
  }[];
  readonly requestBody?: { readonly content: Record<string, Media> };
  readonly responses: Record<string, Documented>;
}

interface Described {
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly operation: Operation;
}

/** How any operation may fail, one that needs a token, and one that needs a token for a topic. */
const BY_ACCESS: Readonly<Record<Access, readonly ErrorCode[]>> = {
  all: ['too-many-requests', 'wrong-host'],
  token: ['keys-unavailable', 'too-many-requests', 'unauthorized', 'wrong-host'],
  grant: ['forbidden', 'keys-unavailable', 'too-many-requests', 'unauthorized', 'wrong-host'],
};

type Access = 'all' | 'token' | 'grant';

/** The operations of the contract: who may use each, how it may succeed and how else it may fail. */
const CONTRACT: Readonly<
  Record<
    string,
    { readonly access: Access; readonly succeeds: readonly number[]; readonly fails: readonly ErrorCode[] }
  >
> = {
  'get /health/live': { access: 'all', succeeds: [200], fails: [] },
  'get /health/ready': { access: 'all', succeeds: [200], fails: ['draining', 'not-ready', 'store-failing'] },
  'get /messages': {
    access: 'grant',
    succeeds: [200],
    fails: ['invalid-cursor', 'invalid-request', 'invalid-topic', 'no-interest'],
  },
  'get /metrics': { access: 'token', succeeds: [200], fails: [] },
  'get /status': { access: 'token', succeeds: [200], fails: [] },
  'get /stream': {
    access: 'grant',
    succeeds: [200],
    fails: ['draining', 'invalid-cursor', 'invalid-pattern', 'invalid-request', 'too-many-subscriptions'],
  },
  'get /topics': { access: 'token', succeeds: [200], fails: ['invalid-request'] },
  'get /topics/{topic}/subscribers': { access: 'grant', succeeds: [200], fails: ['invalid-pattern'] },
  'post /publish': {
    access: 'grant',
    succeeds: [200, 202],
    fails: [
      'ack-timeout',
      'draining',
      'idempotency-mismatch',
      'invalid-request',
      'invalid-topic',
      'malformed-request',
      'overloaded',
      'store-failing',
      'store-full',
      'too-large',
      'too-many-topics',
      'unsupported-media-type',
    ],
  },
  'post /subscribe': {
    access: 'grant',
    succeeds: [200, 201],
    fails: [
      'draining',
      'invalid-cursor',
      'invalid-pattern',
      'invalid-request',
      'malformed-request',
      'too-large',
      'too-many-subscriptions',
      'unsupported-media-type',
    ],
  },
  'post /unsubscribe': {
    access: 'grant',
    succeeds: [200],
    fails: [
      'draining',
      'invalid-pattern',
      'invalid-request',
      'malformed-request',
      'too-large',
      'unsupported-media-type',
    ],
  },
};

/** Answers that tell when to try again. */
const WITH_RETRY_AFTER = ['429', '503'];

let node: RunningNode;
let operations: Described[];

beforeAll(async () => {
  node = await startApiNode('A');
  const { body } = await request(node, '/docs-json');
  const paths = body['paths'] as Record<string, Record<string, Operation>>;
  operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ name: `${method} ${path}`, method, path, operation })),
  );
});

afterAll(() => node.close());

describe('the OpenAPI document', () => {
  it('has every operation of the contract', () => {
    expect(operations.map(({ name }) => name).toSorted()).toEqual(Object.keys(CONTRACT));
  });

  it('has examples that run: each is answered as documented, without an error', async () => {
    for (const { name, method, path, operation } of operations) {
      for (const init of requestsOf(method, operation)) {
        const status = await runExample(urlOf(path, operation), init);
        const isFine = status < 300 && Object.keys(operation.responses).includes(String(status));
        expect({ name, body: init.body, status, isFine }).toMatchObject({ isFine: true });
      }
    }
  });

  it.each(Object.entries(CONTRACT))(
    'tells how %s succeeds and every problem it answers',
    (name, { access, succeeds, fails: own }) => {
      const { summary, responses, security } = operations.find((each) => each.name === name)!.operation;
      const fails = [...own, ...BY_ACCESS[access]].toSorted();
      const statuses = new Set([...succeeds, ...fails.map((code) => ERRORS[code].status)].map(String));
      expect(Object.keys(responses).toSorted()).toEqual([...statuses].toSorted());
      const told = Object.values(responses).flatMap(({ content }) =>
        Object.keys(content?.['application/problem+json']?.examples ?? {}),
      );
      expect(told.toSorted()).toEqual(fails);
      expect(security).toEqual(access === 'all' ? undefined : [{ bearer: [] }]);
      expect(summary).toEqual(expect.any(String));
    },
  );

  it('promises Retry-After where trying again makes sense', () => {
    for (const { name, operation } of operations) {
      const promised = Object.entries(operation.responses).filter(([, { headers }]) => headers?.['Retry-After']);
      const expected = Object.keys(operation.responses).filter((status) => WITH_RETRY_AFTER.includes(status));
      expect({ name, promised: promised.map(([status]) => status) }).toEqual({ name, promised: expected });
    }
  });
});

it('Swagger UI is served with all that it loads from the node itself', async () => {
  const page = await request(node, '/docs');
  expect(page.status).toBe(200);
  const assets = [...String(page.body['text']).matchAll(/(?:src|href)="(\.\/[^"]+)"/g)].map(([, path]) => path);
  expect(assets.length).toBeGreaterThan(2);
  for (const asset of assets)
    expect((await request(node, new URL(asset ?? '', 'http://x/docs').pathname)).status).toBe(200);
});

function requestsOf(method: string, { requestBody }: Operation): RequestInit[] {
  if (requestBody === undefined) return [{ method }];
  return Object.entries(requestBody.content).flatMap(([type, { example, examples }]) => {
    const values = examples === undefined ? [example] : Object.values(examples).map(({ value }) => value);
    return values.map((value) => ({
      method,
      headers: { 'content-type': type },
      body: typeof value === 'string' ? value : JSON.stringify(value),
    }));
  });
}

/** With the parameters that must be given. */
function urlOf(path: string, { parameters = [] }: Operation): string {
  const query = new URLSearchParams();
  let url = path;
  for (const { name, in: place, required, example, schema } of parameters) {
    const value = String(example ?? schema?.example);
    if (place === 'path') url = url.replace(`{${name}}`, encodeURIComponent(value));
    else if (required === true) query.set(name, value);
  }
  return `${url}?${query.toString()}`;
}

/** The status alone: an event stream never ends by itself. */
async function runExample(path: string, init: RequestInit): Promise<number> {
  const abort = new AbortController();
  const response = await fetch(`${node.url}${path}`, {
    ...init,
    method: String(init.method).toUpperCase(),
    signal: abort.signal,
  });
  abort.abort();
  return response.status;
}
