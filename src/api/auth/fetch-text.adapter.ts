import { decoded, refused, type Decoded } from '../../wire/decoded.js';

/** How long a small document may take to come, and how large it may be. */
export interface FetchBounds {
  readonly timeoutMs: number;
  readonly bytesMax: number;
}

/** Fetches a small document; from the address itself, as a redirect could lead anywhere. */
export async function fetchText(url: string, { timeoutMs, bytesMax }: FetchBounds): Promise<Decoded<string>> {
  try {
    const signal = AbortSignal.timeout(timeoutMs);
    const response = await fetch(url, { redirect: 'error', signal, headers: { accept: 'application/json, */*' } });
    if (response.status === 200 && response.body !== null) return await readText(response.body, bytesMax);
    await response.body?.cancel();
    return refused(`it answered ${response.status}`);
  } catch (error) {
    const { message, cause } = error as Error;
    return refused(cause instanceof Error ? `${message}: ${cause.message}` : message);
  }
}

async function readText(body: ReadableStream<Uint8Array>, bytesMax: number): Promise<Decoded<string>> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    // Leaving the loop cancels the rest.
    if (bytes > bytesMax) return refused(`it is larger than ${bytesMax} bytes`);
    chunks.push(chunk);
  }
  return decoded(Buffer.concat(chunks).toString('utf8'));
}
