import { shareOfCores } from './machine.adapter.js';
import { machineCpuMs } from './process-usage.adapter.js';
import type { Stage } from './stage.adapter.js';

/** What a stretch of time has cost. */
export interface Cost {
  readonly cpuMs: number;
  readonly elapsedMs: number;
  readonly rssMiB: number;
  /** Share of all cores that went to processes which are not of this run. */
  readonly foreignShare: number;
}

/** Measures what a stage uses from now on. */
export class Measurement {
  readonly #startMs = performance.now();
  readonly #system;
  readonly #all;
  readonly #machineCpuMs = machineCpuMs();

  private constructor(private readonly stage: Stage) {
    this.#system = stage.usage();
    this.#all = stage.usageOfAll();
  }

  static async start(stage: Stage): Promise<Measurement> {
    await stage.startProfiles();
    return new Measurement(stage);
  }

  async end(): Promise<Cost> {
    const cost = this.#cost();
    await this.stage.endProfiles();
    return cost;
  }

  #cost(): Cost {
    const elapsedMs = performance.now() - this.#startMs;
    const { cpuMs, rssMiB } = this.stage.usage();
    const foreignMs = machineCpuMs() - this.#machineCpuMs - (this.stage.usageOfAll().cpuMs - this.#all.cpuMs);
    return { cpuMs: cpuMs - this.#system.cpuMs, elapsedMs, rssMiB, foreignShare: shareOfCores(foreignMs, elapsedMs) };
  }
}
