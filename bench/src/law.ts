/** A median at one size. */
export interface Point {
  readonly size: number;
  readonly median: number;
}

/** What a figure's medians follow, as near as a curve of two numbers can. */
export interface Law {
  /** In terms of what the size counts. */
  readonly formula: (unit: string) => string;
  /** Root of the mean square of how far the points are off, as a share of each. */
  readonly error: number;
  at(size: number): number;
}

const POINTS_MIN = 3;

/** An exponent that no repetition can tell from nothing. */
const FLAT = 0.03;

/** `c · size^e`, by least squares of the logarithms; undefined for fewer than three points. */
export function powerLawOf(points: readonly Point[]): (Law & { readonly exponent: number }) | undefined {
  if (points.length < POINTS_MIN || points.some(({ median }) => median <= 0)) return undefined;
  const line = lineThrough(points.map(({ size, median }) => ({ x: Math.log(size), y: Math.log(median), weight: 1 })));
  const at = (size: number): number => Math.exp(line.base) * size ** line.slope;
  return {
    formula: (unit) =>
      Math.abs(line.slope) < FLAT
        ? `${digits(at(middleOf(points)))}, whatever the ${unit}`
        : `${digits(Math.exp(line.base))} · ${unit}^${line.slope.toFixed(2)}`,
    exponent: line.slope,
    error: errorOf(points, at),
    at,
  };
}

/** A part that does not grow and one that grows with the size; undefined where either would be less than nothing. */
export function linearLawOf(points: readonly Point[]): Law | undefined {
  if (points.length < POINTS_MIN || points.some(({ median }) => median <= 0)) return undefined;
  // What counts is how far a point is off as a share of itself.
  const { base, slope } = lineThrough(points.map(({ size, median }) => ({ x: size, y: median, weight: median ** -2 })));
  if (base <= 0 || slope <= 0) return undefined;
  const at = (size: number): number => base + slope * size;
  return { formula: (unit) => `${digits(base)} + ${digits(slope)} · ${unit}`, error: errorOf(points, at), at };
}

/** The law that is nearer to the points. */
export function lawOf(points: readonly Point[]): Law | undefined {
  const [power, linear] = [powerLawOf(points), linearLawOf(points)];
  return power === undefined || linear === undefined || power.error <= linear.error ? power : linear;
}

function lineThrough(points: readonly { x: number; y: number; weight: number }[]): { base: number; slope: number } {
  const sum = (of: (point: { x: number; y: number; weight: number }) => number): number =>
    points.reduce((total, point) => total + of(point), 0);
  const weight = sum((point) => point.weight);
  const meanX = sum((point) => point.weight * point.x) / weight;
  const meanY = sum((point) => point.weight * point.y) / weight;
  const slope =
    sum(({ x, y, weight }) => weight * (x - meanX) * (y - meanY)) / sum(({ x, weight }) => weight * (x - meanX) ** 2);
  return { base: meanY - slope * meanX, slope };
}

/** In the middle of the sizes, as a logarithmic axis has it. */
function middleOf(points: readonly Point[]): number {
  return Math.exp(points.reduce((sum, { size }) => sum + Math.log(size), 0) / points.length);
}

function errorOf(points: readonly Point[], at: (size: number) => number): number {
  const squares = points.map(({ size, median }) => (at(size) / median - 1) ** 2);
  return Math.sqrt(squares.reduce((sum, square) => sum + square, 0) / points.length);
}

function digits(value: number): string {
  return Number(value.toPrecision(2)).toLocaleString('en', { maximumSignificantDigits: 2 });
}
