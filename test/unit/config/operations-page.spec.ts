import { describe, expect, it } from 'vitest';
import { ClientCounters } from '../../../src/api/client-counters.js';
import { clientMetrics } from '../../../src/api/client-metrics.js';
import { clusterMetrics } from '../../../src/api/cluster-metrics.js';
import { gossipMetrics } from '../../../src/api/gossip-metrics.js';
import { linkMetrics } from '../../../src/api/link-metrics.js';
import { checkSettings, type SettingName } from '../../../src/config/check-settings.js';
import { readEnvironment, VARIABLES } from '../../../src/config/environment.js';
import { tableOf } from '../protocol/doc-table.js';

const NOTHING = undefined as never;

describe('the page on operations', () => {
  it('has every variable with its default and what it accepts', () => {
    const environment = readEnvironment({}, { hostName: 'HOSTNAME', readFile: () => '' });
    if (!environment.ok) throw new Error(environment.problems.join());
    const { settings } = environment;
    const expected = Object.entries(VARIABLES).map(([variable, { setting }]) => {
      const standard = settings[setting] as string | number | readonly string[] | undefined;
      return [variable, typeof standard === 'object' ? standard.join(',') : `${standard ?? ''}`, acceptedBy(setting)];
    });
    expect(tableOf('operations.md', 'Settings').map((row) => row.slice(0, 3))).toEqual(expected);
  });

  it('has every metric', () => {
    // Values are read when Prometheus asks, and nobody does.
    const metrics = [
      ...clusterMetrics(() => NOTHING),
      ...gossipMetrics(NOTHING),
      ...linkMetrics(NOTHING),
      ...clientMetrics(new ClientCounters()),
    ];
    const expected = metrics.map(({ name, type, label = '', help }) => [name, type, label, help]);
    expect(tableOf('operations.md', 'Metrics')).toEqual(expected);
  });
});

/** What a setting must be, in the words with which a wrong value is refused. */
function acceptedBy(setting: SettingName): string | undefined {
  const checked = checkSettings({ [setting]: {} });
  const problem = checked.ok ? undefined : checked.problems.find((found) => found.setting === setting)?.problem;
  return problem?.replace(/^must be /, '').replace(/, not \{\}$/, '');
}
