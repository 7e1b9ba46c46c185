import { isLoopbackHost } from '../../config/addresses.js';
import type { Settings } from '../../config/settings.js';

/**
 * The names under which a node on loopback may be asked, besides those of loopback: its own address and those of allowed origins.
 * Undefined when any will do. A page that lets its name point to 127.0.0.1 (DNS rebinding) comes with a name that is not among them.
 */
export function allowedHosts({ host, advertiseUrl, corsOrigins }: Settings): ReadonlySet<string> | undefined {
  if (!isLoopbackHost(host) || corsOrigins.includes('*')) return undefined;
  const urls = advertiseUrl === undefined ? corsOrigins : [advertiseUrl, ...corsOrigins];
  return new Set(urls.map((url) => new URL(url).hostname));
}

/** Whether a request with this Host header may be answered. Browsers always send one. */
export function isAllowedHost(header: string | undefined, allowed: ReadonlySet<string> | undefined): boolean {
  if (allowed === undefined || header === undefined) return true;
  const url = `http://${header}`;
  if (!URL.canParse(url)) return false;
  const { hostname } = new URL(url);
  return allowed.has(hostname) || isLoopbackHost(hostname.replace(/^\[|\]$/g, ''));
}
