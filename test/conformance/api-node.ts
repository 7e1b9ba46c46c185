import { startNode, type RunningNode } from '../../src/start-node.js';

/** A node with its interfaces at the root, nothing on disk, on a free port. */
export function startApiNode(
  name: string,
  options: Partial<Parameters<typeof startNode>[0]> = {},
): Promise<RunningNode> {
  return startNode({
    name,
    port: 0,
    store: 'memory',
    profile: 'local',
    logLevel: 'silent',
    api: { prefix: '' },
    subscriptions: ['chat'],
    ...options,
  });
}

/** An answer as it came. */
export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
}

/** Sends one request to a node; a value is sent as JSON, a text as it is. */
export async function request(node: RunningNode, path: string, init: RequestInit = {}): Promise<Answered> {
  const response = await fetch(`${node.url}${path}`, { redirect: 'manual', ...init });
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json') === true;
  const body = isJson ? (JSON.parse(text) as Record<string, unknown>) : { text };
  return { status: response.status, headers: response.headers, body };
}

export function post(
  node: RunningNode,
  path: string,
  value: unknown,
  headers: Record<string, string> = {},
): Promise<Answered> {
  const body = typeof value === 'string' ? value : JSON.stringify(value);
  return request(node, path, { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } });
}
