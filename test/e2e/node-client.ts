export interface Answer<Body = Record<string, unknown>> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
}

export interface MessageItem {
  readonly id: string;
  readonly topic: string;
  readonly message: unknown;
  readonly publisher: string;
  readonly publisherId: string;
  readonly epoch: number;
  readonly stream: string;
  readonly seq: number;
}

export interface PeerView {
  readonly id: string;
  readonly name: string;
  readonly url: string;
  readonly state: string;
  readonly isLinked: boolean;
}

export interface Status {
  readonly node: { readonly id: string; readonly name: string; readonly epoch: number; readonly url: string };
  readonly subscriptions: readonly string[];
  readonly peers: readonly PeerView[];
  readonly topics: readonly { readonly topic: string; readonly count: number; readonly digest: string }[];
  readonly cluster: { readonly size: number; readonly state: string; readonly digest: string };
}

/** Calls a node as curl does. */
export class NodeClient {
  constructor(
    readonly url: string,
    /** Shown with every request where a node asks for one. */
    private readonly token?: string,
  ) {}

  async get<Body = Record<string, unknown>>(path: string): Promise<Answer<Body>> {
    return this.#request(path, { method: 'GET' });
  }

  async post<Body = Record<string, unknown>>(path: string, body: unknown): Promise<Answer<Body>> {
    return this.send(path, JSON.stringify(body), 'application/json');
  }

  /** Posts text as it is, with any content type. */
  async send<Body = Record<string, unknown>>(path: string, body: string, contentType: string): Promise<Answer<Body>> {
    return this.#request(path, { method: 'POST', body, headers: { 'content-type': contentType } });
  }

  async status(): Promise<Status> {
    return (await this.get<Status>('/status')).body;
  }

  /** All that it has of a topic, page by page. */
  async messages(topic: string): Promise<MessageItem[]> {
    const items: MessageItem[] = [];
    let after = '';
    for (;;) {
      const query = `topic=${encodeURIComponent(topic)}&limit=1000${after === '' ? '' : `&after=${after}`}`;
      const { status, body } = await this.get<{ items: MessageItem[]; next: string }>(`/messages?${query}`);
      if (status !== 200) throw new Error(`${this.url} answered ${status}: ${JSON.stringify(body)}`);
      items.push(...body.items);
      if (body.items.length === 0) return items;
      after = encodeURIComponent(body.next);
    }
  }

  /** The sum of a metric's samples whose labels contain all those given. */
  async metric(name: string, labels: Readonly<Record<string, string>> = {}): Promise<number> {
    const answer = await fetch(`${this.url}/metrics`, { headers: this.#credentials() });
    const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
    return (await answer.text())
      .split('\n')
      .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
      .filter((line) => wanted.every((label) => line.includes(label)))
      .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
  }

  #credentials(): Record<string, string> {
    return this.token === undefined ? {} : { authorization: `Bearer ${this.token}` };
  }

  async #request<Body>(
    path: string,
    init: Omit<RequestInit, 'headers'> & { readonly headers?: Readonly<Record<string, string>> },
  ): Promise<Answer<Body>> {
    const headers = { ...this.#credentials(), ...init.headers };
    const answer = await fetch(`${this.url}${path}`, { ...init, headers, signal: AbortSignal.timeout(10_000) });
    const text = await answer.text();
    const isJson = answer.headers.get('content-type')?.includes('json') === true;
    return { status: answer.status, headers: answer.headers, body: (isJson ? JSON.parse(text) : text) as Body };
  }
}
