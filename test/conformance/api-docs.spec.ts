import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningNode } from '../../src/start-node.js';
import { request, startApiNode } from './api-node.js';

interface Media {
  readonly example?: unknown;
  readonly examples?: Record<string, { readonly value: unknown }>;
}

interface Operation {
  readonly summary?: string;
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly required?: boolean;
    readonly example?: unknown;
    readonly schema?: { readonly example?: unknown };
  }[];
  readonly requestBody?: { readonly content: Record<string, Media> };
  readonly responses: Record<string, { readonly content?: Record<string, Media> }>;
}

interface Described {
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly operation: Operation;
}

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
    expect(operations.map(({ name }) => name).sort()).toEqual([
      'get /health/live',
      'get /health/ready',
      'get /messages',
      'get /metrics',
      'get /status',
      'get /stream',
      'get /topics',
      'get /topics/{topic}/subscribers',
      'post /publish',
      'post /subscribe',
      'post /unsubscribe',
    ]);
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

  it('tells the problems of each operation that takes input', () => {
    for (const { name, operation } of operations) {
      const hasInput = operation.requestBody !== undefined || (operation.parameters ?? []).length > 0;
      const isTold = Object.values(operation.responses).some(({ content }) => content?.['application/problem+json']);
      expect({ name, isTold: isTold || !hasInput, hasSummary: Boolean(operation.summary) }).toEqual({
        name,
        isTold: true,
        hasSummary: true,
      });
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
