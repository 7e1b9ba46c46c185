import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { FaultyLane, type LaneFault } from './faulty-lane.js';
import { unmasked } from './websocket-bytes.js';

/**
 * The network between the nodes of a test: every node is reached through a proxy, which finds out in `/proc` whose
 * connection it is. So a pair of nodes can be cut off each other (silently, as by a lost cable), slowed down or stopped in
 * one direction, and what they say can be recorded or damaged. Works on Linux only.
 */
export class MeshProxy {
  readonly #servers: Server[] = [];
  readonly #connections = new Set<Connection>();
  readonly #pids = new Map<string, number>();
  #faultOf: (from: string, to: string) => LaneFault = () => ({});
  #recorded: Saying[] | undefined;
  #bitsToFlip = 0;
  /** Bytes that were carried on, and those that were thrown away. */
  bytes = 0;
  bytesLost = 0;
  /** Every connection that a node began: its name ('' when it is none of the nodes), and to whom. */
  readonly dials: { readonly from: string; readonly to: string; readonly atMs: number }[] = [];

  constructor(private readonly random: () => number = Math.random) {}

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
    this.faults((from, to) => (groupOf(from) === groupOf(to) ? {} : { isCut: true }));
  }

  /** From now on each direction between two nodes has this fault, on connections that are there and on new ones. */
  faults(faultOf: (from: string, to: string) => LaneFault): void {
    this.#faultOf = faultOf;
    for (const connection of this.#connections) {
      connection.apply(faultOf);
      if (connection.hasLost && !connection.isCut) connection.destroy();
    }
  }

  /** All ways are open again; what was cut off in between has to connect anew. */
  heal(): void {
    this.faults(() => ({}));
  }

  /** Ends a share of the connections at once, as a restarted router does. */
  breakConnections(share = 1): void {
    for (const connection of this.#connections) if (this.random() < share) connection.destroy();
  }

  /** Half-opens all connections of a node: the others see them end, the node itself sees nothing. */
  halfOpen(name: string): void {
    for (const connection of this.#connections) connection.vanishFor(name);
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
    this.dials.push({ from, to, atMs: performance.now() });
    const passage = (side: Side): ((chunk: Buffer) => Buffer) => this.#passage(side);
    const lose = (bytes: number): void => void (this.bytesLost += bytes);
    const { random } = this;
    const connection = new Connection(socket, connect(port, '127.0.0.1'), { from, to, passage, lose, random });
    connection.apply(this.#faultOf);
    this.#connections.add(connection);
    connection.onGone(() => this.#connections.delete(connection));
  }

  #passage(by: Side): (chunk: Buffer) => Buffer {
    const saying: Saying = { by, chunks: [] };
    this.#recorded?.push(saying);
    return (chunk) => {
      this.bytes += chunk.length;
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

interface Ends {
  readonly from: string;
  readonly to: string;
  readonly random: () => number;
  readonly lose: (bytes: number) => void;
  passage(side: Side): (chunk: Buffer) => Buffer;
}

/** Both ends of a proxied connection. */
class Connection {
  readonly #out: FaultyLane;
  readonly #back: FaultyLane;
  isCut = false;

  constructor(
    private readonly near: Socket,
    private readonly far: Socket,
    private readonly ends: Ends,
  ) {
    for (const socket of [near, far]) socket.setNoDelay().on('error', () => this.destroy());
    this.#out = new FaultyLane(near, far, ends.passage('dialling'), ends.lose, ends.random);
    this.#back = new FaultyLane(far, near, ends.passage('dialled'), ends.lose, ends.random);
  }

  /** Tells when both ends are closed. */
  onGone(gone: () => void): void {
    for (const socket of [this.near, this.far]) {
      socket.once('close', () => {
        if (this.near.closed && this.far.closed) gone();
      });
    }
  }

  get hasLost(): boolean {
    return this.#out.hasLost || this.#back.hasLost;
  }

  apply(faultOf: (from: string, to: string) => LaneFault): void {
    const { from, to } = this.ends;
    const [out, back] = [faultOf(from, to), faultOf(to, from)];
    this.isCut = out.isCut === true || back.isCut === true;
    this.#out.fault = out;
    this.#back.fault = back;
  }

  /** Ends towards the other node, and stays open, silent, towards this one. */
  vanishFor(name: string): void {
    if (name !== this.ends.from && name !== this.ends.to) return;
    this.isCut = true;
    this.#out.fault = { isCut: true };
    this.#back.fault = { isCut: true };
    (name === this.ends.from ? this.far : this.near).destroy();
  }

  destroy(): void {
    this.near.destroy();
    this.far.destroy();
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
