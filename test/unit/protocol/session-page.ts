import { readFileSync } from 'node:fs';
import type { Recorded } from './sample-session.js';

/** The list of values on the page; what is binary is hexadecimal. */
interface PageValues extends Recorded {
  readonly ids: Readonly<Record<'A' | 'B', string>>;
  readonly clusterKeys: Readonly<Record<'hello' | 'admission' | 'link', string>>;
  readonly linkKeys: Readonly<Record<'A' | 'B', string>>;
  readonly streamId: string;
  readonly keyId: string;
  readonly signatures: readonly string[];
}

/** `docs/protocol-session.md`: its values, and its blocks as bytes in the order of the page. */
interface SessionPage {
  readonly values: PageValues;
  readonly blocks: readonly Buffer[];
}

export function readSessionPage(): SessionPage {
  const page = readFileSync(new URL('../../../docs/protocol-session.md', import.meta.url), 'utf8');
  const fences = [...page.matchAll(/^```(json|hex)\n(.*?)^```$/gms)].map(([, kind, text]) => ({ kind, text: text! }));
  const values = JSON.parse(fences.find(({ kind }) => kind === 'json')!.text) as PageValues;
  const blocks = fences.filter(({ kind }) => kind === 'hex').map(({ text }) => bytesOf(text, values));
  return { values, blocks };
}

function bytesOf(block: string, values: PageValues): Buffer {
  const lines = block.split('\n').filter((line) => line !== '');
  return Buffer.concat(lines.map((line) => partOf(line.split(/ {2,}/)[0]!, values)));
}

/** Hexadecimal, a quoted text, or the name of a value. */
function partOf(part: string, values: PageValues): Buffer {
  if (/^([0-9a-f]{2})+$/.test(part)) return Buffer.from(part, 'hex');
  const quoted = /^"(.*)"$/s.exec(part)?.[1];
  if (quoted !== undefined) return Buffer.from(quoted.replaceAll('\\"', '"').replaceAll('\\0', '\0'));
  const value = part.split('.').reduce<unknown>((of, name) => (of as Record<string, unknown>)[name], values);
  if (typeof value !== 'string') throw new Error(`the page has no value ${part}`);
  return part.startsWith('signatures.') ? Buffer.from(value, 'hex') : Buffer.from(value);
}
