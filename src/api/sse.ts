/** The wire format of Server-Sent Events; every value is one line. */

/** Makes the connection live before there is anything to tell, and keeps it so. */
export const HEARTBEAT = ': \n\n';

/** A message: `id` is the cursor after it. */
export function messageEvent(id: string, json: string): string {
  return `id: ${id}\ndata: ${json}\n\n`;
}

/** An event of another kind than a message. */
export function namedEvent(event: string, value: unknown): string {
  return `event: ${event}\ndata: ${JSON.stringify(value)}\n\n`;
}

/** Moves the client's cursor without an event, so that a connection lost before its first message resumes at its beginning. */
export function cursorOnly(id: string): string {
  return `id: ${id}\n\n`;
}

/** How long the client is to wait before it connects again. */
export function retryAfter(ms: number): string {
  return `retry: ${Math.ceil(ms)}\n\n`;
}
