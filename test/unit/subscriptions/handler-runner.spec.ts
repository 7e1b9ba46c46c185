import { describe, expect, it } from 'vitest';
import { HandlerRunner, type HandlerOptions } from '../../../src/subscriptions/handler-runner.adapter.js';
import { messageAt, testStream } from './written-log.js';

const chat = testStream('chat');
const messages = [1, 2, 3].map((seq) => messageAt(chat, seq));

/** A runner whose pauses are over at once, unless its node drains. */
function run(options: Partial<HandlerOptions>) {
  const told = { pausesMs: [] as number[], more: 0, moved: 0, gaveUp: [] as string[], isDraining: false };
  const runner = new HandlerRunner(
    {
      handler: () => undefined,
      attempts: 5,
      onError: (error, { seq }) => told.gaveUp.push(`${seq} ${String(error)}`),
      onGap: () => undefined,
      ...options,
    },
    {
      pause: async (ms) => {
        told.pausesMs.push(ms);
        return Promise.resolve(!told.isDraining);
      },
      more: () => told.more++,
      moved: () => told.moved++,
    },
  );
  return { runner, told, seq: () => runner.cursor().streams.get(chat.id) };
}

describe('a handler runner', () => {
  it('runs a synchronous handler at once and has room again', () => {
    const seen: number[] = [];
    const { runner, seq } = run({ handler: (message) => void seen.push(message.seq) });
    expect(runner.deliver(messages)).toBe(true);
    expect(seen).toEqual([1, 2, 3]);
    expect(seq()).toBe(3);
  });

  it('counts what was passed over as done, so that its place is saved', () => {
    const { runner, told, seq } = run({});
    runner.deliver(messages);
    runner.passed(chat.id, 5);
    expect([seq(), told.moved]).toEqual([5, 4]);
  });

  it('runs one message after the other and counts what is done', async () => {
    const finish: (() => void)[] = [];
    const { runner, told, seq } = run({ handler: () => new Promise<void>((resolve) => finish.push(resolve)) });
    expect(runner.deliver(messages)).toBe(false);
    expect([finish.length, seq()]).toEqual([1, undefined]);
    for (const count of [1, 2, 3]) {
      finish[count - 1]!();
      await expect.poll(() => seq()).toBe(count);
    }
    await runner.stop();
    expect(told.more).toBe(1);
  });

  it('tries again after pauses that grow up to a bound, then gives up and goes on', async () => {
    const seen: number[] = [];
    const handler = async ({ seq }: { seq: number }): Promise<void> => {
      seen.push(seq);
      if (seq === 2) throw new Error('no');
      return Promise.resolve();
    };
    const { runner, told, seq } = run({ handler, attempts: 10 });
    runner.deliver(messages);
    await expect.poll(() => seq()).toBe(3);
    expect(seen).toEqual([1, ...Array.from({ length: 10 }, () => 2), 3]);
    expect(told.pausesMs).toEqual([100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000]);
    expect(told.gaveUp).toEqual(['2 Error: no']);
  });

  it('treats a handler that throws like one that rejects', async () => {
    let tries = 0;
    const handler = (): void => {
      if (++tries < 3) throw new Error('no');
    };
    const { runner, told, seq } = run({ handler });
    expect(runner.deliver(messages)).toBe(false);
    await expect.poll(() => seq()).toBe(3);
    expect([tries, told.gaveUp, told.more]).toEqual([5, [], 1]);
  });

  it('that is stopped finishes its message, begins no other, and has the rest not done', async () => {
    let finish = (): void => undefined;
    const { runner, told, seq } = run({ handler: () => new Promise<void>((resolve) => (finish = resolve)) });
    runner.deliver(messages);
    const stopped = runner.stop();
    finish();
    await stopped;
    expect([seq(), told.more]).toEqual([1, 0]);
    expect(runner.deliver(messages.slice(1))).toBe(false);
    expect(seq()).toBe(1);
  });

  it('does not count a message that was between two attempts when the node drained', async () => {
    const { runner, told, seq } = run({ handler: () => Promise.reject(new Error('no')) });
    told.isDraining = true;
    runner.deliver(messages);
    await runner.stop();
    expect([seq(), told.gaveUp]).toEqual([undefined, []]);
  });

  it('counts a gap as done', () => {
    const gaps: unknown[] = [];
    const { runner, seq } = run({ onGap: (gap) => gaps.push(gap) });
    const gap = { stream: chat, from: 1, to: 4, reason: 'retention' } as const;
    runner.gap(gap);
    expect([gaps, seq()]).toEqual([[gap], 4]);
  });
});
