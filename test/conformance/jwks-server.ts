import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';

/** What stands behind the URL of `API_AUTH` in a test. */
export class JwksServer {
  asked = 0;

  private constructor(
    readonly url: string,
    readonly close: () => Promise<unknown>,
  ) {}

  static async start(answer: (response: ServerResponse) => void): Promise<JwksServer> {
    const server = createServer((_request, response) => {
      started.asked++;
      answer(response);
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as { port: number };
    const started = new JwksServer(`http://127.0.0.1:${port}/jwks.json`, () => {
      server.closeAllConnections();
      return once(server.close(), 'close');
    });
    return started;
  }
}
