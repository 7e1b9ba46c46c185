/** A row of `GET /topics`. */
export interface TopicRow {
  readonly topic: string;
  readonly nodes: readonly string[];
}

/** The topic → nodes map as text, sorted, `chat: ['A', 'B']` a line below the heading. */
export function subscriberTable(rows: readonly TopicRow[]): string {
  const lines = rows
    .toSorted((a, b) => byCodeUnits(a.topic, b.topic))
    .map(({ topic, nodes }) => `${topic}: [${nodes.toSorted(byCodeUnits).map(quoted).join(', ')}]`);
  return ['Topic -> Nodes', ...lines].join('\n');
}

function quoted(name: string): string {
  return `'${name}'`;
}

function byCodeUnits(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
