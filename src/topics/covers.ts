/**
 * Whether every topic that `pattern` may match is matched by `cover` too. Both are valid topics or patterns; a topic covers
 * itself alone.
 */
export function covers(cover: string, pattern: string): boolean {
  const covering = cover.split('.');
  const covered = pattern.split('.');
  for (const [level, token] of covering.entries()) {
    const other = covered[level];
    if (other === undefined) return false;
    // The rest, at least one token: whatever stands there, `>` itself included, is that.
    if (token === '>') return true;
    // More tokens than the one that is allowed here.
    if (other === '>') return false;
    if (token !== '*' && token !== other) return false;
  }
  return covering.length === covered.length;
}
