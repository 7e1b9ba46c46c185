import { parse, textMetrics, View } from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';

declare module 'vega' {
  /** Its types leave it out. */
  export const textMetrics: { width: (item: { readonly fontSize?: number }, text: string) => number };
}

/** Mean width of a character as a share of the font's size. */
const CHARACTER_WIDTH = 0.56;

// Without a screen nothing can measure text, and Vega's own guess (0.8) leaves holes.
textMetrics.width = ({ fontSize = 11 }, text) => text.length * fontSize * CHARACTER_WIDTH;

/** Draws without a screen. */
export async function svgOf(spec: TopLevelSpec): Promise<string> {
  const view = new View(parse(compile(spec).spec), { renderer: 'none' });
  return `${await view.toSVG()}\n`;
}
