import { lookup, type LookupAddress } from 'node:dns';
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { NodeWebSocket } from 'engine.io-client';
import { io, type ManagerOptions, type SocketOptions } from 'socket.io-client';
import * as meshParser from './mesh-parser.js';
import { HANDSHAKE_TIMEOUT_MS, MESH_PATH, TRANSPORT_BYTES_MAX } from './mesh-server.service.js';
import { DialledMeshSocket } from './mesh-socket.adapter.js';
import type { MeshSocket } from './mesh-socket.js';
import type { PeerNetworks } from './peer-networks.js';

/** Opens connections to peers, within the networks that may be dialled. */
export class MeshClient {
  readonly #http: HttpAgent;
  readonly #https: HttpsAgent;

  constructor(private readonly networks: PeerNetworks) {
    // The address that was checked is the one that is connected to: a name cannot mean another one a moment later.
    const options = { keepAlive: false, lookup: lookupWithin(networks) };
    this.#http = new HttpAgent(options);
    // A link proves by itself whom it leads to, and trusts no certificate for it: peers' certificates need no authority.
    this.#https = new HttpsAgent({ ...options, rejectUnauthorized: false });
  }

  /** Dials; undefined when the URL is an address that may not be dialled. */
  dial(url: string): MeshSocket | undefined {
    const { hostname, protocol } = new URL(url);
    const address = hostname.replace(/^\[|\]$/g, '');
    if (isIP(address) !== 0 && !this.networks.includes(address)) return undefined;
    const options: Partial<ManagerOptions & SocketOptions> & { maxPayload: number } = {
      path: MESH_PATH,
      parser: meshParser,
      transports: [UnmaskedWebSocket],
      upgrade: false,
      forceNew: true,
      multiplex: false,
      reconnection: false,
      timeout: HANDSHAKE_TIMEOUT_MS,
      maxPayload: TRANSPORT_BYTES_MAX,
      rejectUnauthorized: false,
      agent: (protocol === 'https:' ? this.#https : this.#http) as unknown as string,
    };
    return new DialledMeshSocket(io(url, options));
  }
}

/**
 * Masks with zeros, that is not at all: a mask keeps a page's script from writing what a proxy takes for a request, and records of a
 * link are noise already. It would cost more than sealing them.
 */
class UnmaskedWebSocket extends NodeWebSocket {
  override createSocket(
    uri: string,
    protocols: string | string[] | undefined,
    options: Record<string, unknown>,
  ): unknown {
    return super.createSocket(uri, protocols, { ...options, generateMask: (mask: Buffer) => mask.fill(0) });
  }
}

function lookupWithin(networks: PeerNetworks): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, found: LookupAddress[]) => {
      if (error !== null) return callback(error, '', 0);
      const allowed = found.filter(({ address }) => networks.includes(address));
      const [first] = allowed;
      if (first === undefined) return callback(new Error(`${hostname} is in no network that may be dialled`), '', 0);
      if (options.all === true) callback(null, allowed);
      else callback(null, first.address, first.family);
    });
  };
}
