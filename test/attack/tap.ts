import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** Somebody on the wire: passes on what goes to a port and keeps what was sent there. */
export class Tap {
  readonly #sent: Buffer[] = [];
  readonly #sockets: Socket[] = [];

  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  static async open(port: number): Promise<Tap> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const tap = new Tap(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    server.on('connection', (client) => tap.#pass(client, port));
    return tap;
  }

  /** All that the clients said. */
  get sent(): Buffer {
    return Buffer.concat(this.#sent);
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.server.close();
  }

  #pass(client: Socket, port: number): void {
    const victim = connect(port, '127.0.0.1');
    this.#sockets.push(client, victim);
    client.on('data', (bytes: Buffer) => {
      this.#sent.push(bytes);
      victim.write(bytes);
    });
    victim.pipe(client);
    for (const socket of [client, victim]) {
      socket.on('error', () => undefined);
      socket.on('close', () => {
        client.destroy();
        victim.destroy();
      });
    }
  }
}
