import { expect, it } from 'vitest';
import { bearerOf, queryTokenOf } from '../../../../src/api/auth/bearer.js';

it.each([
  ['Bearer a.b.c', 'a.b.c'],
  ['bearer  a.b.c ', 'a.b.c'],
  ['Bearer', undefined],
  ['Bearer a b', undefined],
  ['Basic YTpi', undefined],
  ['', undefined],
  [undefined, undefined],
])('the token of the header %j is %j', (header, token) => {
  expect(bearerOf(header)).toBe(token);
});

it.each([
  ['/stream?topic=chat&access_token=a.b.c', 'a.b.c'],
  ['/grapevine/stream?access_token=a.b.c', 'a.b.c'],
  ['/stream?topic=chat', undefined],
  ['/stream', undefined],
  ['/publish?access_token=a.b.c', undefined],
  ['/publish?x=/stream?access_token=a.b.c', undefined],
])('the token of the URL %s is %j', (url, token) => {
  expect(queryTokenOf(url)).toBe(token);
});
