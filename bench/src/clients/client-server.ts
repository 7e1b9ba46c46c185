/** A server that WebSocket clients are connected to, all for one topic. */
export interface ClientServer {
  /** URL that a client opens. */
  readonly url: string;
  /** Texts that a client sends in turn, each when something came in after the one before; nothing is expected before the first. */
  readonly greetings: readonly string[];
  /** Publishes messages to all clients, one by one, as fast as it goes. */
  publishAll(messages: readonly string[]): Promise<void>;
}

/** Starts it in the process that calls. */
export type ClientServerStart = () => Promise<ClientServer>;
