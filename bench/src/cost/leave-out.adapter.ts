import { register } from 'node:module';
import type { Part } from './parts.js';

/** From here on the product is loaded without these parts, in this process alone; it must not be loaded yet. */
export function leaveOut(parts: readonly Part[]): void {
  register('./leave-out.hooks.js', import.meta.url, { data: parts });
}
