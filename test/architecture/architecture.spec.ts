import { cruise, type ICruiseResult } from 'dependency-cruiser';
import extractTsConfig from 'dependency-cruiser/config-utl/extract-ts-config';
import { beforeAll, describe, expect, it } from 'vitest';
import { isBarrel, isPure, namesUsed, sourceFiles, type SourceFile } from './source-files.js';

/** A file may import from its own folder and from folders before it. */
const LAYERS = ['wire', 'topics', 'runtime', 'config', 'crypto', 'peers', 'gossip', 'subscriptions', 'api', ''];

const LINES_MAX = 400;

/** Packages and built-in modules by which a file reaches the world; of `node:net`, `isIP` is innocent. */
const WORLDLY_IMPORTS =
  /^(@nestjs\/|rxjs|socket\.io|engine\.io|fastify|@fastify\/|pino|lmdb|prom-client|fs-native-extensions|node:(fs|http|https|http2|tls|dns|dgram|os|child_process|worker_threads|cluster|process|timers|readline|perf_hooks)(\/|$))/;

/** Values by which a file reaches the world, the time or chance. */
const WORLDLY_NAMES = [
  'globalThis',
  'global',
  'Date.now',
  'new Date()',
  'Math.random',
  'performance',
  'process',
  'console',
  'fetch',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'queueMicrotask',
  'AbortSignal.timeout',
  'crypto',
  'createConnection',
  'createServer',
];

/** Functions of `node:crypto` that draw at random, whatever they are taken out of. */
const DRAWING_NAMES = [
  'randomBytes',
  'randomUUID',
  'randomInt',
  'randomFill',
  'randomFillSync',
  'getRandomValues',
  'webcrypto',
  'generateKey',
  'generateKeySync',
  'generateKeyPair',
  'generateKeyPairSync',
  // Of `createECDH` and `createDiffieHellman`, which compute with keys that are handed in otherwise.
  'generateKeys',
  'generatePrime',
  'generatePrimeSync',
];

/** node-jose draws content key and nonce of an envelope itself, so its ephemeral key need not be handed in. */
const DRAWING_FILES = ['src/crypto/key-envelope.ts: generateKeyPairSync'];

interface Import {
  readonly from: string;
  readonly to: string;
  readonly module: string;
  readonly isTypeOnly: boolean;
  readonly isInCycle: boolean;
}

const source = sourceFiles('src');
const tests = sourceFiles('test');
let imports: readonly Import[];

beforeAll(async () => {
  const tsConfig = extractTsConfig('tsconfig.json');
  const options = { ruleSet: { forbidden: [{ name: 'no-cycles', from: {}, to: { circular: true } }] } };
  const { output } = await cruise(
    ['src'],
    { ...options, validate: true, tsPreCompilationDeps: true, doNotFollow: { path: 'node_modules' } },
    {},
    { tsConfig },
  );
  imports = (output as ICruiseResult).modules.flatMap(({ source, dependencies }) =>
    dependencies.map((dependency) => ({
      from: source,
      to: dependency.resolved,
      module: `${dependency.protocol ?? ''}${dependency.module}`,
      isTypeOnly: dependency.dependencyTypes.includes('type-only'),
      isInCycle: dependency.circular,
    })),
  );
}, 60_000);

function told({ from, to }: Import): string {
  return `${from} → ${to}`;
}

function worldlyNames(file: SourceFile): string[] {
  const names = namesUsed(file);
  return [
    ...WORLDLY_NAMES.filter((name) => names.has(name)),
    ...DRAWING_NAMES.filter((name) => names.has(name) || names.has(`.${name}`)),
  ];
}

/** Place among the layers; -1 for what is no layer. */
function layerOf(path: string): number {
  const folder = /^src\/(?:([^/]+)\/)?/.exec(path)?.[1] ?? '';
  return LAYERS.indexOf(folder);
}

describe('the structure', () => {
  it('is looked at as a whole', () => {
    expect(imports.length).toBeGreaterThan(source.length);
    expect(new Set(imports.map((each) => each.from)).size).toBeGreaterThan(source.length / 2);
  });

  it('has only the folders that are layers, and the programs on top', () => {
    const strays = source.filter(({ path }) => layerOf(path) < 0 && !path.startsWith('src/cli/'));
    expect(strays.map(({ path }) => path)).toEqual([]);
  });

  it('imports point down', () => {
    const upward = imports.filter(({ from, to }) => {
      if (!to.startsWith('src/') || from.startsWith('src/cli/')) return false;
      return to.startsWith('src/cli/') || layerOf(to) > layerOf(from);
    });
    expect(upward.map(told)).toEqual([]);
  });

  it('has no cycle', () => {
    expect(imports.filter((each) => each.isInCycle).map(told)).toEqual([]);
  });

  it('has no barrels but the entry of the package', () => {
    const barrels = source.filter((file) => isBarrel(file) && file.path !== 'src/index.ts');
    expect(barrels.map(({ path }) => path)).toEqual([]);
  });
});

describe('a file with a plain name', () => {
  it('imports nothing of the world', () => {
    const worldly = imports.filter(({ from, module }) => isPure(from) && WORLDLY_IMPORTS.test(module));
    expect(worldly.filter((each) => !each.isTypeOnly).map(({ from, module }) => `${from} → ${module}`)).toEqual([]);
  });

  it('imports nothing but types of files that touch the world', () => {
    const worldly = imports.filter(({ from, to }) => isPure(from) && to.startsWith('src/') && !isPure(to));
    expect(worldly.filter((each) => !each.isTypeOnly).map(told)).toEqual([]);
  });

  it('uses no clock, timer, chance or process of its own', () => {
    const uses = source
      .filter(({ path }) => isPure(path))
      .flatMap((file) => worldlyNames(file).map((name) => `${file.path}: ${name}`));
    expect(uses).toEqual(DRAWING_FILES);
  });

  it.each([
    ['const now = Date.now();'],
    ["const now = Date['now']();"],
    ['const { now } = Date;'],
    ['const today = new Date();'],
    ['const at = globalThis.performance.now();'],
    ['const nonce = crypto.getRandomValues(new Uint8Array(12));'],
    ["import { randomBytes } from 'node:crypto'; const nonce = randomBytes(12);"],
    ["import { randomUUID as newId } from 'node:crypto'; const id = newId();"],
    ["import * as cipher from 'node:crypto'; const pair = cipher.generateKeyPairSync('ec', options);"],
    ["import cipher from 'node:crypto'; const { randomInt: draw } = cipher;"],
    ["import { createECDH } from 'node:crypto'; createECDH('prime256v1').generateKeys();"],
    ['const signal = AbortSignal.timeout(1_000);'],
  ])('would be found out by “%s”', (text) => {
    expect(worldlyNames({ path: 'src/wire/sample.ts', text })).not.toEqual([]);
  });

  it('may take a time, a key and a generator that it was given', () => {
    const text = 'const at = new Date(nowMs); random.next(); const { now } = clock; createHash(`sha256`);';
    expect(worldlyNames({ path: 'src/wire/sample.ts', text })).toEqual([]);
  });
});

describe('every file', () => {
  it('has at most 400 lines', () => {
    const long = [...source, ...tests].filter(({ text }) => text.split('\n').length > LINES_MAX + 1);
    expect(long.map(({ path, text }) => `${path}: ${text.split('\n').length - 1}`)).toEqual([]);
  });

  it('is named after its idea, in kebab case', () => {
    const vague = [...source, ...tests].filter(
      ({ path }) =>
        /(^|\/)(utils?|helpers?|types|common|interfaces|misc)(\/|\.|$)/.test(path) ||
        !/^[a-z0-9-]+(\.[a-z-]+)*\.ts$/.test(path.split('/').at(-1) ?? ''),
    );
    expect(vague.map(({ path }) => path)).toEqual([]);
  });

  it('leaves no work to be done and no way around the structure', () => {
    const marks = /\b(TODO|FIXME|XXX)\b|forwardRef\(|\bModuleRef\b|Scope\.REQUEST/;
    expect(source.filter(({ text }) => marks.test(text)).map(({ path }) => path)).toEqual([]);
    expect(source.filter((file) => namesUsed(file).has('enum')).map(({ path }) => path)).toEqual([]);
  });

  it('leaves the environment to the program that starts', () => {
    const readers = source.filter((file) => namesUsed(file).has('process.env')).map(({ path }) => path);
    expect(readers.filter((path) => path !== 'src/main.ts' && !path.startsWith('src/cli/'))).toEqual([]);
  });
});
