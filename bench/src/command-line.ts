import { parseArgs } from 'node:util';

const REPETITIONS = 3;
const REPETITIONS_MAX = 100;
const SECONDS_MAX = 600;

/** What the bench was asked to do. */
export interface Request {
  readonly workloads: readonly string[];
  /** Undefined: all. */
  readonly peers: readonly string[] | undefined;
  readonly repetitions: number;
  /** Undefined: as long as each workload takes by itself. */
  readonly seconds: number | undefined;
  readonly jsonFile: string | undefined;
  /** What was recorded before, to be compared with. */
  readonly recordedFile: string | undefined;
}

/** Throws an error that says what is wrong. */
export function readCommandLine(parameters: readonly string[]): Request {
  const { values, positionals } = parseArgs({
    args: [...parameters],
    allowPositionals: true,
    options: {
      peers: { type: 'string' },
      repetitions: { type: 'string' },
      seconds: { type: 'string' },
      json: { type: 'string' },
      compare: { type: 'string' },
    },
  });
  return {
    workloads: positionals,
    peers: values.peers?.split(',').filter((name) => name !== ''),
    repetitions: wholeNumber('repetitions', values.repetitions, REPETITIONS_MAX) ?? REPETITIONS,
    seconds: wholeNumber('seconds', values.seconds, SECONDS_MAX),
    jsonFile: values.json,
    recordedFile: values.compare,
  };
}

function wholeNumber(name: string, text: string | undefined, max: number): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= max) return value;
  throw new Error(`--${name} must be a whole number from 1 to ${max}`);
}
