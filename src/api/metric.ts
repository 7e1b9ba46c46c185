/** One value of a metric. */
interface Sample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A metric that is counted elsewhere and asked for when Prometheus asks. */
export interface Metric {
  readonly type: 'counter' | 'gauge';
  readonly name: string;
  readonly help: string;
  readonly label?: string;
  readonly samples: () => readonly Sample[];
}

/** How a metric is called and what it says. */
export type Described = Pick<Metric, 'name' | 'help'>;

/** A metric that only grows. */
export function counter(described: Described, value: () => number): Metric {
  return { type: 'counter', ...described, samples: () => [{ value: value() }] };
}

/** A metric that goes up and down. */
export function gauge(described: Described, value: () => number): Metric {
  return { type: 'gauge', ...described, samples: () => [{ value: value() }] };
}

/** A metric with one value per value of its label. */
export function labelled(
  type: Metric['type'],
  described: Described & { readonly label: string },
  values: () => Iterable<readonly [labelValue: string, value: number]>,
): Metric {
  const { label } = described;
  const samples = (): Sample[] => [...values()].map(([name, value]) => ({ labels: { [label]: name }, value }));
  return { type, ...described, samples };
}
