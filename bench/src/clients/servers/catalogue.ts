import type { ClientServerStart } from '../client-server.js';

const STARTS: Readonly<Record<string, () => Promise<ClientServerStart>>> = {
  grapevine: async () => (await import('./grapevine.server.js')).grapevineServer({ isBatched: false }),
  'grapevine-batched': async () => (await import('./grapevine.server.js')).grapevineServer({ isBatched: true }),
  socketio: async () => (await import('./socketio.server.js')).startSocketIo,
  ws: async () => (await import('./ws.server.js')).startWs,
};

/** Servers that clients can connect to; ours first. */
export const CLIENT_SERVERS = Object.keys(STARTS);

/** Starts the server that `CLIENT_SERVERS` names. */
export async function startClientServer(name: string): ReturnType<ClientServerStart> {
  const load = STARTS[name];
  if (load === undefined) throw new Error(`There is no server ${name}.`);
  return (await load())();
}
