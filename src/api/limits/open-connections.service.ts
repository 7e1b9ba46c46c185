import type { Server, Socket } from 'node:net';
import { Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import { isLoopbackHost } from '../../config/addresses.js';
import { Settings } from '../../config/settings.js';
import { DrainService } from '../../subscriptions/drain.service.js';
import { ClientCounters } from '../client-counters.js';
import { clientAddress } from '../../runtime/client-address.js';

/** After the drain, for answers that are on their way. */
const LAST_ANSWERS_MS = 1_000;

/**
 * Bounds the connections to the node's own server, in all and from one address of another machine. The newcomer is closed, before a
 * byte of it is read, and nobody who is there is cut for it.
 */
@Injectable()
export class OpenConnections implements BeforeApplicationShutdown {
  readonly #open = new Set<Socket>();
  readonly #counts = new Map<string, number>();

  constructor(
    private readonly settings: Settings,
    private readonly counters: ClientCounters,
    private readonly drain: DrainService,
  ) {}

  watch(server: Server): void {
    server.maxConnections = this.settings.connections;
    server.on('drop', () => this.counters.refused.connections++);
    server.prependListener('connection', (socket: Socket) => this.#add(socket));
  }

  /** A server is closed once its last connection is; a client that sends a request byte by byte would keep it from that. */
  async beforeApplicationShutdown(): Promise<void> {
    await this.drain.drain();
    setTimeout(() => this.#open.forEach((socket) => socket.destroy()), LAST_ANSWERS_MS).unref();
  }

  #add(socket: Socket): void {
    const address = clientAddress(socket.remoteAddress);
    const count = this.#counts.get(address) ?? 0;
    // All on this machine share an address, and so does all that comes through a proxy on it.
    const isLocal = isLoopbackHost(socket.remoteAddress ?? '');
    if (count >= this.settings.connectionsPerAddress && !isLocal) {
      this.counters.refused.connections++;
      socket.destroy();
      return;
    }
    this.#counts.set(address, count + 1);
    this.#open.add(socket);
    socket.once('close', () => {
      this.#open.delete(socket);
      const left = (this.#counts.get(address) ?? 1) - 1;
      if (left === 0) this.#counts.delete(address);
      else this.#counts.set(address, left);
    });
  }
}
