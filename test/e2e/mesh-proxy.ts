import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { unmasked } from './websocket-bytes.js';

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
  #recorded: Saying[] | undefined;
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

  /** Keeps all bytes of the connections that begin from now on, for `recording`. */
  record(): void {
    this.#recorded = [];
  }

  /** What all who dialled have said, and what all who were dialled answered, as they meant it: with no mask on it. */
  get recording(): Readonly<Record<Side, Buffer>> {
    const saidBy = (side: Side): Buffer =>
      Buffer.concat((this.#recorded ?? []).filter((each) => each.by === side).map((each) => unmasked(bytesOf(each))));
    return { dialling: saidBy('dialling'), dialled: saidBy('dialled') };
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
    const connection = new Connection(socket, connect(port, '127.0.0.1'), { from, to }, (side) => this.#passage(side));
    connection.isHeld = this.#isCut(from, to);
    this.#connections.add(connection);
    socket.once('close', () => this.#connections.delete(connection));
  }

  #passage(by: Side): (chunk: Buffer) => Buffer {
    const saying: Saying = { by, chunks: [] };
    this.#recorded?.push(saying);
    return (chunk) => {
      if (this.#recorded !== undefined) saying.chunks.push(Buffer.from(chunk));
      if (this.#bitsToFlip > 0 && chunk.length > 1_000) {
        this.#bitsToFlip--;
        chunk[chunk.length - 1]! ^= 1;
      }
      return chunk;
    };
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

/** Who began a connection, and who was reached by it. */
type Side = 'dialling' | 'dialled';

/** All that one side of a connection said. */
interface Saying {
  readonly by: Side;
  readonly chunks: Buffer[];
}

/** Both ends of a proxied connection. While it is held, bytes are read and thrown away. */
class Connection {
  isHeld = false;

  constructor(
    private readonly near: Socket,
    private readonly far: Socket,
    private readonly ends: { readonly from: string; readonly to: string },
    passage: (side: Side) => (chunk: Buffer) => Buffer,
  ) {
    near.setNoDelay();
    far.setNoDelay();
    this.#join(near, far, passage('dialling'));
    this.#join(far, near, passage('dialled'));
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

function bytesOf({ chunks }: Saying): Buffer {
  return Buffer.concat(chunks);
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
