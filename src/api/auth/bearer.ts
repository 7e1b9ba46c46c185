/** The token of an `Authorization: Bearer` header (RFC 6750); undefined when there is none, or a header of another scheme. */
export function bearerOf(authorization: string | undefined): string | undefined {
  return authorization === undefined ? undefined : /^Bearer +([^ ]+) *$/i.exec(authorization)?.[1];
}

/** The token in the query of an event stream's URL: `EventSource` cannot send headers. Elsewhere it would only end in logs. */
export function queryTokenOf(url: string): string | undefined {
  const query = url.indexOf('?');
  if (!url.slice(0, query).endsWith('/stream')) return undefined;
  return new URLSearchParams(url.slice(query + 1)).get('access_token') ?? undefined;
}
