import { describe, expect, it } from 'vitest';
import { RouteTable } from '../../../src/api/route-table.js';

describe('RouteTable', () => {
  const routes = new RouteTable();
  routes.add('/publish', ['POST']);
  routes.add('/topics/:topic/subscribers', ['GET', 'HEAD']);
  routes.add('/docs/*', ['GET']);
  routes.add('/docs/*', ['HEAD']);

  it('knows the methods of a path, with a query or without', () => {
    expect(routes.methodsOf('/publish')).toEqual(['POST']);
    expect(routes.methodsOf('/publish?ack=all')).toEqual(['POST']);
  });

  it('matches parameters and the rest of a path', () => {
    expect(routes.methodsOf('/topics/news.eu/subscribers')).toEqual(['GET', 'HEAD']);
    expect(routes.methodsOf('/topics/a/b/subscribers')).toEqual([]);
    expect(routes.methodsOf('/docs/a/b.css')).toEqual(['GET', 'HEAD']);
  });

  it('knows nothing of other paths', () => {
    expect(routes.methodsOf('/publishing')).toEqual([]);
  });
});
