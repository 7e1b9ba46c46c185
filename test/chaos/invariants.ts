import type { Accepted, Told } from './ledger.js';

/** Whether something held, and the figure that says so. */
export interface Verdict {
  readonly isMet: boolean;
  readonly figure: string;
}

/** What one node's log has of one topic. */
export interface Copy {
  readonly node: string;
  readonly topic: string;
  readonly values: ReadonlySet<number>;
}

/**
 * I1: what was accepted is in the log of every node that wants it, and every subscriber got it. A gap that a subscriber was
 * told is a loss all the same. Not counted is what a case says may be lost.
 */
export function acknowledgedIsKept(
  accepted: readonly Accepted[],
  copies: readonly Copy[],
  told: readonly Told[],
  mayBeLost: (publication: Accepted) => boolean = () => false,
): Verdict {
  const due = accepted.filter((publication) => !mayBeLost(publication));
  const missing = (where: string, topic: string, values: ReadonlySet<number>): string[] => {
    const lost = due.filter((publication) => publication.topic === topic && !values.has(publication.value));
    return lost.map(({ id, level, node }) => `${id} (${level}, by ${node}) at ${where}`);
  };
  const lost = [
    ...copies.flatMap(({ node, topic, values }) => missing(node, topic, values)),
    ...told.flatMap(({ subscriber, topic, received }) =>
      missing(subscriber, topic, new Set(received.map(({ value }) => value))),
    ),
  ];
  const verdict = verdictOf(lost, `0 of ${due.length} lost`);
  if (verdict.isMet) return verdict;
  // Where something is missing says more than what.
  const places = new Map<string, number>();
  for (const where of lost.map((each) => each.replace(/.* at /, ''))) places.set(where, (places.get(where) ?? 0) + 1);
  const counts = [...places].map(([where, count]) => `${where}: ${count}`).join();
  return { ...verdict, figure: `${verdict.figure} (${counts})` };
}

/** I2: what a subscriber gets of a stream comes in the order in which it was published. */
export function orderIsKept(told: readonly Told[]): Verdict {
  const disorder = told.flatMap(({ subscriber, received }) => {
    const last = new Map<string, number>();
    return received.flatMap(({ stream, seq }) => {
      const before = last.get(stream) ?? 0;
      last.set(stream, Math.max(before, seq));
      // The same again is a repeat, which is another matter.
      return seq < before ? [`${stream}.${seq} after ${before} at ${subscriber}`] : [];
    });
  });
  return verdictOf(disorder, '0 out of order');
}

/** I3: no subscriber gets a message twice, also when it was published twice under one idempotency key. */
export function nothingComesTwice(told: readonly Told[]): Verdict {
  const repeats = told.flatMap(({ subscriber, received }) => {
    const seen = new Set<number>();
    return received.flatMap(({ value, stream, seq }) => {
      if (seen.has(value)) return [`${stream}.${seq} again at ${subscriber}`];
      seen.add(value);
      return [];
    });
  });
  return verdictOf(repeats, `0 of ${told.reduce((sum, { received }) => sum + received.length, 0)} twice`);
}

/** Silent skips, which I1 alone would take for something not accepted: a seq left out with no gap told. */
export function nothingIsSkipped(told: readonly Told[]): Verdict {
  const skips = told.flatMap(({ subscriber, received, gaps }) => {
    const last = new Map<string, number>();
    return received.flatMap(({ stream, seq }) => {
      const before = last.get(stream);
      last.set(stream, Math.max(before ?? 0, seq));
      if (before === undefined || seq <= before + 1) return [];
      const isTold = gaps.some((gap) => gap.stream === stream && gap.from <= before + 1 && gap.to >= seq - 1);
      return isTold ? [] : [`${stream}: ${seq} after ${before} at ${subscriber}`];
    });
  });
  return verdictOf(skips, '0 skipped');
}

/** One verdict of several about the same invariant: the first that is not met, else the first. */
export function both(...verdicts: readonly [Verdict, ...Verdict[]]): Verdict {
  return verdicts.find(({ isMet }) => !isMet) ?? verdicts[0];
}

/** Met when there is nothing to complain of. */
export function verdictOf(complaints: readonly string[], figure: string): Verdict {
  if (complaints.length === 0) return { isMet: true, figure };
  return { isMet: false, figure: `${complaints.length}: ${complaints.slice(0, 3).join(', ')}` };
}
