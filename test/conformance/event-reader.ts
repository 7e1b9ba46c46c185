import type { RunningNode } from '../../src/start-node.js';

export interface StreamEvent {
  readonly id?: string;
  readonly event?: string;
  readonly data?: unknown;
}

/** An event stream that is read event by event. */
export class EventReader {
  #text = '';
  readonly #abort = new AbortController();
  #reader: ReadableStreamDefaultReader<string> | undefined;

  async open(node: RunningNode, query: string, headers: Record<string, string> = {}): Promise<Response> {
    const response = await fetch(`${node.url}/stream?${query}`, { headers, signal: this.#abort.signal });
    this.#reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    return response;
  }

  /** The next event with data, and undefined at the end. */
  async next(): Promise<StreamEvent | undefined> {
    for (;;) {
      const end = this.#text.indexOf('\n\n');
      if (end === -1) {
        const chunk = await this.#reader?.read();
        if (chunk === undefined || chunk.done) return undefined;
        this.#text += chunk.value;
        continue;
      }
      const block = this.#text.slice(0, end);
      this.#text = this.#text.slice(end + 2);
      const fields = Object.fromEntries(
        block.split('\n').map((line) => [line.split(': ')[0], line.slice(line.indexOf(': ') + 2)]),
      );
      if (fields['data'] !== undefined) return { ...fields, data: JSON.parse(fields['data']) as unknown };
      if (fields['id'] !== undefined) this.start = fields['id'];
    }
  }

  /** Where the stream began. */
  start = '';

  async take(count: number): Promise<StreamEvent[]> {
    const events: StreamEvent[] = [];
    while (events.length < count) {
      const event = await this.next();
      if (event === undefined) break;
      events.push(event);
    }
    return events;
  }

  close(): void {
    this.#abort.abort();
  }
}
