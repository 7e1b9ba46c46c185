/** Whether some topic matches both patterns; a topic is a pattern that matches itself. */
export function overlaps(one: string, other: string): boolean {
  const [a, b] = [one.split('.'), other.split('.')];
  for (let at = 0; ; at++) {
    const [x, y] = [a[at], b[at]];
    if (x === undefined || y === undefined) return x === y;
    if (x === '>' || y === '>') return true;
    if (x !== y && x !== '*' && y !== '*') return false;
  }
}

/** Whether every topic that matches `narrow` matches `wide`. */
export function covers(wide: string, narrow: string): boolean {
  const [a, b] = [wide.split('.'), narrow.split('.')];
  for (let at = 0; ; at++) {
    const [x, y] = [a[at], b[at]];
    if (x === undefined || y === undefined) return x === y;
    if (x === '>') return true;
    if (y === '>' || (x !== y && x !== '*')) return false;
  }
}

/** Negative when the first of two patterns that match one topic says more of it: from the left a name, then `*`, then `>`. */
export function bySpecificity(one: string, other: string): number {
  const [a, b] = [one.split('.'), other.split('.')];
  for (let at = 0; at < Math.min(a.length, b.length); at++) {
    const difference = generality(a[at]!) - generality(b[at]!);
    if (difference !== 0) return difference;
  }
  return 0;
}

function generality(token: string): number {
  if (token === '>') return 2;
  return token === '*' ? 1 : 0;
}
