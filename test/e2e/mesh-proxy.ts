import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/**
 * The network between the nodes of a test: every node is reached through a proxy, which finds out in `/proc` whose
 * connection it is. So a pair of nodes can be cut off each other (silently, as by a lost cable), and what they say can be
 * recorded or damaged. Works on Linux only.
 */
export class MeshProxy {
  readonly #servers: Server[] = [];
  readonly #connections = new Set<Connection>();
  readonly #pids = new Map<string, number>();
  #isCut: (from: string, to: string) => boolean = () => false;
  #recorded: Buffer[] | undefined;
  #bitsToFlip = 0;

  /** Opens the way to a node that listens on `port`, and returns its address for the others. */
  async open(name: string, port: number): Promise<string> {
    const server = createServer((socket) => this.#accept(socket, name, port));
    await once(server.listen(0, '127.0.0.1'), 'listening');
    this.#servers.push(server);
    return `http://127.0.0.1:${(server.address() as { port: number }).port}`;
  }

  /** Tells which process is which node; again after a restart. */
  identify(name: string, pid: number): void {
    this.#pids.set(name, pid);
  }

  /** From now on nothing gets from one group to another; connections stay open and fall silent. */
  cut(...groups: readonly (readonly string[])[]): void {
    const groupOf = (name: string): number => groups.findIndex((group) => group.includes(name));
    this.#isCut = (from, to) => groupOf(from) !== groupOf(to);
    for (const connection of this.#connections) connection.isHeld = this.#isCut(connection.from, connection.to);
  }

  /** All ways are open again; what was cut off in between has to connect anew. */
  heal(): void {
    this.#isCut = () => false;
    for (const connection of this.#connections) if (connection.isHeld) connection.destroy();
  }

  /** Keeps all bytes between the nodes until `recording` is read. */
  record(): void {
    this.#recorded = [];
  }

  get recording(): Buffer {
    return Buffer.concat(this.#recorded ?? []);
  }

  /** Flips one bit in the last byte of each of the next `chunks` chunks. */
  damage(chunks: number): void {
    this.#bitsToFlip = chunks;
  }

  get isDamageDone(): boolean {
    return this.#bitsToFlip === 0;
  }

  async close(): Promise<void> {
    for (const connection of this.#connections) connection.destroy();
    await Promise.all(this.#servers.map((server) => once(server.close(), 'close')));
  }

  #accept(socket: Socket, to: string, port: number): void {
    const from = this.#ownerOf(socket);
    const connection = new Connection(socket, connect(port, '127.0.0.1'), { from, to }, (chunk) => this.#pass(chunk));
    connection.isHeld = this.#isCut(from, to);
    this.#connections.add(connection);
    socket.once('close', () => this.#connections.delete(connection));
  }

  #pass(chunk: Buffer): Buffer {
    if (this.#bitsToFlip > 0 && chunk.length > 1_000) {
      this.#bitsToFlip--;
      chunk[chunk.length - 1]! ^= 1;
    }
    this.#recorded?.push(chunk);
    return chunk;
  }

  /** The node at the other end: the local port is in the table of connections, with an inode that its process has open. */
  #ownerOf(socket: Socket): string {
    const port = (socket.remotePort ?? 0).toString(16).toUpperCase().padStart(4, '0');
    const line = readFileSync('/proc/net/tcp', 'utf8')
      .split('\n')
      .find((entry) => entry.trim().split(/\s+/)[1] === `0100007F:${port}`);
    const link = `socket:[${line?.trim().split(/\s+/)[9]}]`;
    return [...this.#pids].find(([, pid]) => openFiles(pid).includes(link))?.[0] ?? '';
  }
}

/** Both ends of a proxied connection. While it is held, bytes are read and thrown away. */
class Connection {
  isHeld = false;

  constructor(
    private readonly near: Socket,
    private readonly far: Socket,
    private readonly ends: { readonly from: string; readonly to: string },
    pass: (chunk: Buffer) => Buffer,
  ) {
    near.setNoDelay();
    far.setNoDelay();
    this.#join(near, far, pass);
    this.#join(far, near, pass);
  }

  get from(): string {
    return this.ends.from;
  }

  get to(): string {
    return this.ends.to;
  }

  destroy(): void {
    this.near.destroy();
    this.far.destroy();
  }

  #join(source: Socket, target: Socket, pass: (chunk: Buffer) => Buffer): void {
    source.on('data', (chunk: Buffer) => {
      if (!this.isHeld && !target.write(pass(chunk))) {
        source.pause();
        target.once('drain', () => source.resume());
      }
    });
    source.on('error', () => this.destroy());
    source.on('close', () => {
      if (!this.isHeld) target.destroy();
    });
  }
}

function openFiles(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).map((fd) => linkOf(`/proc/${pid}/fd/${fd}`));
  } catch {
    return [];
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
