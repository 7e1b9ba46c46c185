/**
 * The shape of every protocol core: a function of (state, input, now) that returns what is to be done. It is
 * synchronous, total, and never throws on remote data. A timer is a value that it asks for with a `schedule` output
 * and gets back as a `timer` input; timers are never cancelled, the core checks on expiry that they still mean something.
 */
export interface Core<Input, Output> {
  handle(input: Input, nowMs: number): readonly Output[];
}

/** Asks to be woken in a while. */
export interface Schedule<Timer> {
  readonly type: 'schedule';
  readonly afterMs: number;
  readonly timer: Timer;
}

/** The while is over. */
export interface TimerExpired<Timer> {
  readonly type: 'timer';
  readonly timer: Timer;
}
