/** The token of an `Authorization: Bearer` header (RFC 6750); undefined when there is none, or a header of another scheme. */
export function bearerOf(authorization: string | undefined): string | undefined {
  return authorization === undefined ? undefined : /^Bearer +([^ ]+) *$/i.exec(authorization)?.[1];
}

/** The token in the query of a URL, for `EventSource`, which cannot send headers. */
export function queryTokenOf(url: string): string | undefined {
  const query = url.indexOf('?');
  if (query < 0) return undefined;
  return new URLSearchParams(url.slice(query + 1)).get('access_token') ?? undefined;
}
