import type { Findings } from '../chaos/case.js';
import type { LocalClusterOptions } from '../e2e/local-cluster.js';
import type { Victims } from './victims.js';

/** One row of the table: what is sent to a cluster, and what must hold of it. */
export interface AttackCase {
  readonly id: string;
  /** What is sent. */
  readonly title: string;
  /** How the victims are started; by default three of them, which all subscribe to `chat`. */
  readonly cluster?: LocalClusterOptions | (() => Promise<LocalClusterOptions>);
  /** Memory that a victim may need above what it had before, in MiB; 64 unless a case says why more. */
  readonly memoryMiB?: number;
  run(victims: Victims): Promise<Findings>;
}
