import { isIPv6 } from 'node:net';

/** An entry of PEERS: a URL that is dialled as it is, or a name that stands for all its addresses. */
export type BootstrapAddress =
  | { readonly kind: 'url'; readonly url: string }
  | { readonly kind: 'name'; readonly scheme: 'http' | 'https'; readonly name: string; readonly port: string };

/** `entry` as validated with the settings. */
export function parseBootstrapAddress(entry: string): BootstrapAddress {
  const url = new URL(entry.replace(/^dns\+/, ''));
  if (!entry.startsWith('dns+')) return { kind: 'url', url: url.origin };
  const scheme = url.protocol === 'https:' ? 'https' : 'http';
  return { kind: 'name', scheme, name: url.hostname, port: url.port || (scheme === 'https' ? '443' : '80') };
}

/** The URL of one of the addresses that a name stands for. */
export function urlOfAddress(address: string, of: { readonly scheme: string; readonly port: string }): string {
  return new URL(`${of.scheme}://${isIPv6(address) ? `[${address}]` : address}:${of.port}`).origin;
}
