import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';

const FILES: Readonly<Record<string, { readonly path: string; readonly type: string }>> = {
  '/': { path: 'test/browser/page.html', type: 'text/html; charset=utf-8' },
  '/socket.io.js': { path: 'node_modules/socket.io-client/dist/socket.io.js', type: 'text/javascript; charset=utf-8' },
};

/** Serves the page of the tests, and the Socket.IO client that it loads, as somebody's site: an origin of its own. */
export interface PageServer {
  readonly origin: string;
  close(): Promise<void>;
}

export async function startPageServer(): Promise<PageServer> {
  const server = createServer((request, response) => {
    const file = FILES[new URL(request.url ?? '/', 'http://page').pathname];
    if (file === undefined) response.writeHead(404).end();
    else response.writeHead(200, { 'content-type': file.type }).end(readFileSync(file.path));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    origin: `http://127.0.0.1:${(server.address() as { port: number }).port}`,
    close: async () => {
      server.closeAllConnections();
      await once(server.close(), 'close');
    },
  };
}
