import { describe, expect, it } from 'vitest';
import { subscriberTable } from '../../../src/cli/subscriber-table.js';

describe('the table of subscribers', () => {
  it('has a line per topic, topics and nodes sorted', () => {
    const rows = [
      { topic: 'news', nodes: ['C', 'B'] },
      { topic: 'chat', nodes: ['D', 'A', 'B', 'C'] },
    ];
    expect(subscriberTable(rows)).toBe("Topic -> Nodes\nchat: ['A', 'B', 'C', 'D']\nnews: ['B', 'C']");
  });

  it('is only its heading when nobody wants anything', () => {
    expect(subscriberTable([])).toBe('Topic -> Nodes');
  });
});
