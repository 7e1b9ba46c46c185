import { describe, expect, it } from 'vitest';
import type { Core, Schedule, TimerExpired } from '../../../src/runtime/core.js';
import { CoreDriver } from '../../../src/runtime/core-driver.js';

type Input = { type: 'say'; text: string } | { type: 'remind'; afterMs: number; text: string };
type Output = { type: 'said'; text: string; atMs: number };

/** Repeats what it is told, at once or later. */
class Echo implements Core<Input | TimerExpired<string>, Output | Schedule<string>> {
  depth = 0;

  handle(input: Input | TimerExpired<string>, nowMs: number): readonly (Output | Schedule<string>)[] {
    if (this.depth++ > 0) throw new Error('the core was re-entered');
    const outputs = this.#answer(input, nowMs);
    this.depth--;
    return outputs;
  }

  #answer(input: Input | TimerExpired<string>, nowMs: number): readonly (Output | Schedule<string>)[] {
    if (input.type === 'remind') return [{ type: 'schedule', afterMs: input.afterMs, timer: input.text }];
    return [{ type: 'said', text: input.type === 'say' ? input.text : input.timer, atMs: nowMs }];
  }
}

function echoAt(startMs: number) {
  const world = {
    timeMs: startMs,
    wakeUps: [] as number[],
    nowMs: () => world.timeMs,
    wakeAt: (dueMs: number) => void world.wakeUps.push(dueMs),
  };
  const said: string[] = [];
  const driver = new CoreDriver<Input, string, Output>(new Echo(), world, (output) => {
    said.push(`${output.text} at ${output.atMs}`);
    if (output.text === 'remind and boom') {
      driver.handle({ type: 'remind', afterMs: 7, text: 'later' });
      driver.handle({ type: 'say', text: 'boom' });
    }
    if (output.text === 'again') driver.handle({ type: 'say', text: 'nested' });
    if (output.text === 'boom') throw new Error('boom');
  });
  return { driver, world, said };
}

describe('a core driver', () => {
  it('hands outputs on in order and asks to be woken when the next timer is due', () => {
    const { driver, world, said } = echoAt(100);
    driver.handle({ type: 'remind', afterMs: 50, text: 'late' });
    driver.handle({ type: 'remind', afterMs: 20, text: 'soon' });
    driver.handle({ type: 'say', text: 'now' });
    expect(said).toEqual(['now at 100']);
    expect(world.wakeUps.at(-1)).toBe(120);
    world.timeMs = 130;
    driver.wake();
    expect(said).toEqual(['now at 100', 'soon at 130']);
    expect(world.wakeUps.at(-1)).toBe(150);
  });

  it('delivers no timer early, however often it is woken', () => {
    const { driver, world, said } = echoAt(0);
    driver.handle({ type: 'remind', afterMs: 10, text: 'later' });
    world.timeMs = 9.9;
    driver.wake();
    driver.wake();
    expect(said).toEqual([]);
    expect(world.wakeUps.at(-1)).toBe(10);
  });

  it('delivers several due timers in their order, late ones too', () => {
    const { driver, world, said } = echoAt(0);
    for (const text of ['first', 'second', 'third']) driver.handle({ type: 'remind', afterMs: 5, text });
    world.timeMs = 1_000;
    driver.wake();
    expect(said).toEqual(['first at 1000', 'second at 1000', 'third at 1000']);
  });

  it('never re-enters the core: an input from an output waits for its turn', () => {
    const { driver, said } = echoAt(0);
    driver.handle({ type: 'say', text: 'again' });
    expect(said).toEqual(['again at 0', 'nested at 0']);
  });

  it('goes on after an output that could not be carried out', () => {
    const { driver, said } = echoAt(0);
    expect(() => driver.handle({ type: 'say', text: 'boom' })).toThrow('boom');
    driver.handle({ type: 'say', text: 'still here' });
    expect(said).toEqual(['boom at 0', 'still here at 0']);
  });

  it('wakes for a timer that was asked for before an output failed', () => {
    const { driver, world } = echoAt(0);
    expect(() => driver.handle({ type: 'say', text: 'remind and boom' })).toThrow('boom');
    expect(world.wakeUps).toEqual([7]);
  });
});
