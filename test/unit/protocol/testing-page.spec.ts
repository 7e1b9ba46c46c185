import { expect, it } from 'vitest';
import { FAULTS } from '../../simulation/faults.js';
import { tableOf } from './doc-table.js';

it('the page on testing has the faults of the simulator', () => {
  const rows = tableOf('testing.md', 'The simulator').map(([fault]) => fault);
  expect(rows.slice(0, FAULTS.length)).toEqual([...FAULTS]);
});
