import type { TopLevelSpec } from 'vega-lite';

/** Ours, and what was measured. */
export const GREEN = '#1a7f37';

/** What it is compared with. */
export const GREY = '#6e7781';

/** Of what is written and of whiskers. */
export const INK = '#1f2328';
const FAINT = '#d1d9e0';

/** As many as can be read when a page shows them side by side. */
const ABREAST = 3;

/** Numbers at an axis: thousands and millions as letters, fractions as they are. */
export const NUMBERS = "datum.value < 1 ? format(datum.value, '~g') : format(datum.value, '~s')";

/** Parts of a row of pictures, with what all of them share. Colours hold on their own white ground, whatever is around it. */
export function chart(title: string, description: string, pictures: readonly object[]): TopLevelSpec {
  const spec = {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    title: { text: title, anchor: 'start', fontSize: 14, offset: 12 },
    description,
    background: 'white',
    padding: 14,
    concat: pictures,
    columns: pictures.length > ABREAST ? 2 : ABREAST,
    bounds: 'flush',
    spacing: { row: 84, column: 52 },
    resolve: { scale: { shape: 'independent' } },
    config: {
      font: 'system-ui, sans-serif',
      view: { stroke: null },
      title: { color: INK, fontSize: 12, fontWeight: 'normal', subtitleColor: INK, subtitleFontSize: 11 },
      axis: {
        labelColor: INK,
        titleColor: INK,
        labelFontSize: 11,
        titleFontSize: 11,
        titleFontWeight: 'normal',
        gridColor: FAINT,
        domainColor: FAINT,
        tickColor: FAINT,
      },
    },
  };
  return spec as unknown as TopLevelSpec;
}

/** From coarse to fine. */
const MARKS: readonly (readonly number[])[] = [[1], [1, 2, 5], [1, 1.5, 2, 3, 5, 7]];
const MARKS_MIN = 3;

/** Marks of a logarithmic axis: powers of ten, and what lies between them where there are few. */
export function logTicks(least: number, most: number): number[] {
  const from = Math.floor(Math.log10(least));
  const powers = Array.from({ length: Math.ceil(Math.log10(most)) - from + 1 }, (_, index) => 10 ** (from + index));
  const choices = MARKS.map((marks) =>
    powers.flatMap((power) => marks.map((mark) => mark * power)).filter((value) => value >= least && value <= most),
  );
  return choices.find((values) => values.length >= MARKS_MIN) ?? choices.at(-1) ?? [];
}
