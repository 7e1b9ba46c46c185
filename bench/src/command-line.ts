import { parseArgs } from 'node:util';

const REPETITIONS = 3;
const REPETITIONS_MAX = 100;

/** A worker must answer within five minutes. */
const SECONDS_MAX = 60;

const SIZE_MAX = 1e9;

/** What the bench was asked to do. */
export interface Request {
  readonly what: readonly string[];
  /** Undefined: all. */
  readonly peers: readonly string[] | undefined;
  /** Of what grows; undefined: all. */
  readonly sizes: readonly number[] | undefined;
  readonly repetitions: number;
  /** Undefined: as long as each workload takes by itself. */
  readonly seconds: number | undefined;
  readonly jsonFile: string | undefined;
  /** Whether runs that the file has already are not done again. */
  readonly resumes: boolean;
  /** What was recorded before, to be compared with. */
  readonly recordedFile: string | undefined;
  /** Where profiles of our processes go; undefined: none are taken. */
  readonly profileFolder: string | undefined;
}

/** Throws an error that says what is wrong. */
export function readCommandLine(parameters: readonly string[]): Request {
  const { values, positionals } = parseArgs({
    args: [...parameters],
    allowPositionals: true,
    options: {
      peers: { type: 'string' },
      sizes: { type: 'string' },
      repetitions: { type: 'string' },
      seconds: { type: 'string' },
      json: { type: 'string' },
      resume: { type: 'boolean', default: false },
      compare: { type: 'string' },
      profile: { type: 'string' },
    },
  });
  if (values.resume && values.json === undefined) throw new Error('--resume goes on with what is in --json FILE');
  if (values.profile !== undefined && positionals.length !== 1) throw new Error('--profile goes with one workload');
  return {
    what: positionals,
    peers: listed(values.peers),
    sizes: listed(values.sizes)?.map((size) => wholeNumber('sizes', size, SIZE_MAX)),
    repetitions:
      values.repetitions === undefined ? REPETITIONS : wholeNumber('repetitions', values.repetitions, REPETITIONS_MAX),
    seconds: values.seconds === undefined ? undefined : wholeNumber('seconds', values.seconds, SECONDS_MAX),
    jsonFile: values.json,
    resumes: values.resume,
    recordedFile: values.compare,
    profileFolder: values.profile,
  };
}

function listed(text: string | undefined): string[] | undefined {
  return text?.split(',').filter((item) => item !== '');
}

function wholeNumber(name: string, text: string, max: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= max) return value;
  throw new Error(`--${name} must be from 1 to ${max}, without fractions`);
}
