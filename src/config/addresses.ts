import ipaddr from 'ipaddr.js';

/** A name for a node or a cluster; it may stand in a path. */
export function isNodeName(text: string): boolean {
  return /^[A-Za-z0-9_.-]{1,63}$/.test(text) && text !== '.' && text !== '..';
}

/** An IP address or a host name. */
export function isHost(text: string): boolean {
  return isAddress(text) || (/^[A-Za-z0-9.-]{1,253}$/.test(text) && !/^[0-9.]+$/.test(text));
}

function isAddress(text: string): boolean {
  return ipaddr.IPv4.isValidFourPartDecimal(text) || ipaddr.IPv6.isValid(text);
}

/** An address of a node: http or https, and nothing behind the port. */
export function isNodeUrl(text: string): boolean {
  return isUrlOf(text, ['http:', 'https:']);
}

/** A node URL, or `dns+http://name:port`, which stands for all addresses of that name. */
export function isPeerUrl(text: string): boolean {
  return isNodeUrl(text) || isUrlOf(text.replace(/^dns\+/, ''), ['http:', 'https:']);
}

function isUrlOf(text: string, protocols: readonly string[]): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  const isBare = url.pathname === '/' && url.search === '' && url.hash === '' && url.username === '';
  return protocols.includes(url.protocol) && url.hostname !== '' && isBare;
}

/** An origin as browsers send it, or `*`. */
export function isOrigin(text: string): boolean {
  return text === '*' || (isNodeUrl(text) && new URL(text).origin === text);
}

/** Addresses in CIDR notation. */
export function isNetwork(text: string): boolean {
  return ipaddr.isValidCIDR(text);
}

/** Whether a server bound to this host can be reached from this machine only. */
export function isLoopbackHost(host: string): boolean {
  if (host === 'localhost') return true;
  return ipaddr.isValid(host) && ipaddr.process(host).range() === 'loopback';
}

/** Bound to every address of the machine, so not an address to be dialled. */
export function isWildcardHost(host: string): boolean {
  return ipaddr.isValid(host) && ipaddr.process(host).range() === 'unspecified';
}
