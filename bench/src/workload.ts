/** The figures of one run; what a workload does not measure is left out. */
export interface Figures {
  /** At the slowest receiver. */
  readonly deliveredPerSecond?: number;
  /** Of all processes of the system, brokers included. */
  readonly cpuMsPer1000?: number;
  readonly p50Ms?: number;
  readonly p99Ms?: number;
  /** Of all processes of the system together. */
  readonly rssMiB?: number;
  /** Messages that a receiver should have got and did not, over all receivers. */
  readonly lost?: number;
  /** From the start of a node until it is ready. */
  readonly readyMs?: number;
  /** Share of one core while nothing is published, per node. */
  readonly idleCpuPercent?: number;
  /** Bytes of frames per second that one link carries in one direction while nothing is published. */
  readonly idleBytesPerSecond?: number;
  /** Payload copies that a receiving node got per message; 1 is the least. */
  readonly copies?: number;
}

export type Figure = keyof Figures;

export interface RunOptions {
  /** Length of the measured part. */
  readonly seconds: number;
  /** Length of what is done before, so that both sides are compiled and their buffers have grown. */
  readonly warmSeconds: number;
  /** Where a profile of the measured part of each role goes: a path that the role's name ends; undefined: none is taken. */
  readonly profile?: string | undefined;
}

export interface RunResult {
  readonly figures: Figures;
  readonly foreignShare: number;
}

/** What grows: the size of each system, by name. */
export interface Axis {
  readonly unit: string;
  readonly sizes: Readonly<Record<string, number>>;
}

/** One kind of work that systems are measured at. */
export interface Workload {
  readonly name: string;
  readonly title: string;
  readonly seconds: number;
  /** Ours come first; a name is what `--peers` chooses by. */
  readonly systems: readonly string[];
  /** What grows from system to system, where they are one system at several sizes. */
  readonly axis?: Axis;
  /** Sets everything up, measures once, and leaves nothing behind. */
  run(system: string, options: RunOptions): Promise<RunResult>;
}
