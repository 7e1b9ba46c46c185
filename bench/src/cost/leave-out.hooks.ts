import type { InitializeHook, LoadHook } from 'node:module';
import { without, type Part } from './parts.js';

let parts: readonly Part[] = [];

/** Takes what is to be left out. */
export const initialize: InitializeHook<readonly Part[]> = (given) => {
  parts = given;
};

/** Changes the product's compiled files as they are loaded. */
export const load: LoadHook = async (url, context, next) => {
  const loaded = await next(url, context);
  if (loaded.format !== 'module' || loaded.source === undefined || !url.includes('/dist/crypto/')) return loaded;
  const source = typeof loaded.source === 'string' ? loaded.source : new TextDecoder().decode(loaded.source);
  return { ...loaded, source: without(parts, url, source) };
};
