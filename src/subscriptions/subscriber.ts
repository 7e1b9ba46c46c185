import type { Gap, Message } from '../gossip/message.js';

/** Where a subscriber's messages go: a socket, an event stream, a handler. */
export interface Sink {
  /**
   * Takes what became ready together, in order. False asks to wait until `Subscriber.more()`; these messages count as
   * taken all the same.
   */
  deliver(messages: readonly Message[]): boolean;
  gap(gap: Gap): void;
  /** The outbox of a client that reads too slowly reached its bound; the subscriber is closed already. */
  cut(): void;
}
