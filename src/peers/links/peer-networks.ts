import ipaddr from 'ipaddr.js';

/** The networks that may be dialled. Addresses come from configuration, from DNS and from peers: all are checked here. */
export class PeerNetworks {
  readonly #networks: readonly (readonly [ipaddr.IPv4 | ipaddr.IPv6, number])[];

  /** `cidrs` as validated with the settings. */
  constructor(cidrs: readonly string[]) {
    this.#networks = cidrs.map((cidr) => ipaddr.parseCIDR(cidr));
  }

  /** Whether this IP address may be dialled; an IPv4 address in IPv6 clothes counts as what it is. */
  includes(address: string): boolean {
    if (!ipaddr.isValid(address)) return false;
    const parsed = ipaddr.process(address);
    return this.#networks.some(([network, bits]) => network.kind() === parsed.kind() && parsed.match(network, bits));
  }
}
