import { createECDH } from 'node:crypto';
import jose from 'node-jose';
import { readGivenKey } from '../../src/cli/allow-list-edit.js';
import { decodeSecretFile } from '../../src/config/secret-file.js';
import { decodeAllowedKeys } from '../../src/crypto/allowed-keys.js';
import { sealBundle, openBundle } from '../../src/crypto/bundle-seal.js';
import { decodeHello } from '../../src/crypto/hello.js';
import { readIdentity } from '../../src/crypto/identity-keys.js';
import { openEnvelope } from '../../src/crypto/key-envelope.js';
import { LinkCipher } from '../../src/crypto/link-cipher.js';
import { decodeNodeRecord } from '../../src/crypto/node-record.js';
import { decodePolicy } from '../../src/crypto/policy-file.js';
import { decodePublicJwk } from '../../src/crypto/public-key.js';
import { isSignedByItself, readNodeRecord } from '../../src/crypto/record-signature.js';
import { keyIdOf, unwrapTopicKey, wrapTopicKey } from '../../src/crypto/topic-keys.js';
import { sampleBytes } from '../unit/protocol/sample-node.js';
import { valueOf, type FuzzTarget } from './fuzz-target.js';
import { mutateBytes } from './mutate-bytes.js';
import { mutateJson, mutateToken, parseJson } from './mutate-json.js';
import { SAMPLES } from './samples.js';

const RECORDS = [SAMPLES.records.A, SAMPLES.records.B].map((jws) => Buffer.from(jws));
const PAYLOADS = RECORDS.map((jws) => Buffer.from(jws.toString('latin1').split('.')[1] ?? '', 'base64url'));
const KEYS = PAYLOADS.map((payload) => (JSON.parse(payload.toString('utf8')) as { signingKey: object }).signingKey);
const KEY = Buffer.alloc(32, 5);
const HEADER = Buffer.from('a header');
/** Files of the operator are read when they change, not with every frame. */
const FILE = { msMax: 500 };
const PAIRWISE = Buffer.alloc(32, 6);

/** What is read before anybody is believed, and what is sealed. */
export const CRYPTO_TARGETS: readonly FuzzTarget[] = [
  {
    decoder: 'decodeHello',
    corpus: () => SAMPLES.handshake.slice(0, 2).map((message) => message.subarray(0, 151)),
    mutate: mutateBytes,
    decode: (input: Buffer) => valueOf(decodeHello(input)),
  },
  {
    decoder: 'LinkCipher',
    corpus: () => [SAMPLES.sealed.bytes],
    mutate: mutateBytes,
    decode: (input: Buffer) => new LinkCipher(SAMPLES.sealed.key).open(input),
    problem: differsFrom(() => new LinkCipher(SAMPLES.sealed.key).open(SAMPLES.sealed.bytes)),
  },
  {
    decoder: 'openBundle',
    corpus: () => [sealed()],
    mutate: mutateBytes,
    decode: (input: Buffer) => openBundle({ header: HEADER, key: KEY, counter: 7, ciphertext: input }),
    problem: differsFrom(() => PLAINTEXT),
  },
  {
    decoder: 'unwrapTopicKey',
    corpus: () => [wrapTopicKey({ pairwise: PAIRWISE, keyId: keyIdOf(KEY), key: KEY, nonce: Buffer.alloc(12, 1) })],
    mutate: mutateBytes,
    decode: (wrapped: Buffer) => unwrapTopicKey({ pairwise: PAIRWISE, keyId: keyIdOf(KEY), wrapped }),
    problem: differsFrom(() => KEY),
  },
  {
    decoder: 'readNodeRecord',
    corpus: () => RECORDS,
    mutate: mutateToken,
    decode: (input: Buffer) => valueOf(readNodeRecord(input.toString('latin1'))),
  },
  {
    decoder: 'isSignedByItself',
    corpus: () => RECORDS,
    mutate: mutateToken,
    decode: believed,
    // A signature has more than one spelling; what it signs has one.
    problem: (jws: string) =>
      RECORDS.some((record) => signedPart(record.toString('latin1')) === signedPart(jws))
        ? undefined
        : 'it was changed',
  },
  {
    decoder: 'decodeNodeRecord',
    corpus: () => PAYLOADS,
    mutate: mutateJson,
    prepare: parseJson,
    decode: (value: unknown) => valueOf(decodeNodeRecord(value)),
    encode: (record: object) => Buffer.from(JSON.stringify(record)),
  },
  {
    decoder: 'decodePublicJwk',
    corpus: () => KEYS.map((key) => Buffer.from(JSON.stringify(key))),
    mutate: mutateJson,
    prepare: parseJson,
    decode: (value: unknown) => valueOf(decodePublicJwk(value)),
    encode: (key: object) => Buffer.from(JSON.stringify(key)),
  },
  {
    decoder: 'openEnvelope',
    corpus: () => [Buffer.from(SAMPLES.envelope)],
    mutate: mutateToken,
    decode: async (input: Buffer) => openEnvelope(await B_KEY, input.toString('latin1')),
    problem: (opened: Buffer) => (opened.equals(sampleBytes('pairwise key')) ? undefined : 'it was changed'),
  },
  {
    decoder: 'decodeAllowedKeys',
    corpus: () => [
      Buffer.from(JSON.stringify({ keys: KEYS })),
      Buffer.from(JSON.stringify([SAMPLES.signatures[0]?.subarray(0, 32).toString('base64url')])),
    ],
    mutate: mutateJson,
    ...FILE,
    decode: (input: Buffer) => valueOf(decodeAllowedKeys(input.toString('utf8'))),
  },
  {
    decoder: 'decodeSecretFile',
    corpus: () => [Buffer.from(`${'s'.repeat(40)}\n${'t'.repeat(40)}\n`)],
    mutate: mutateBytes,
    ...FILE,
    decode: (input: Buffer) => valueOf(decodeSecretFile(input.toString('utf8'))),
  },
  {
    decoder: 'readGivenKey',
    corpus: () => [Buffer.from(JSON.stringify(KEYS[0])), Buffer.from(IDS[0] ?? '')],
    mutate: mutateJson,
    ...FILE,
    decode: (input: Buffer) => valueOf(readGivenKey(input.toString('utf8'))),
  },
  {
    decoder: 'decodePolicy',
    corpus: () => [Buffer.from(JSON.stringify(POLICY))],
    mutate: mutateJson,
    ...FILE,
    decode: (input: Buffer) => valueOf(decodePolicy(input.toString('utf8'))),
  },
  {
    decoder: 'readIdentity',
    ...FILE,
    corpus: () => [Buffer.from(JSON.stringify(IDENTITY))],
    mutate: mutateJson,
    prepare: parseJson,
    decode: async (value: unknown) => valueOf(await readIdentity(value)),
  },
];

const IDS = SAMPLES.signatures.map((bytes) => bytes.subarray(0, 32).toString('base64url'));
const POLICY = {
  groups: { press: IDS.slice(0, 2) },
  topics: { 'news.>': { publish: ['press'], read: ['*'] }, a: { read: IDS } },
};
const PLAINTEXT = Buffer.from('what is inside');
const IDENTITY = {
  keys: [savedKey('A signing key', 'sig', 'ES256'), savedKey('A encryption key', 'enc', 'ECDH-ES+A256KW')],
};
const B_KEY = jose.JWK.asKey(savedKey('B encryption key', 'enc', 'ECDH-ES+A256KW'));

function sealed(): Buffer {
  return sealBundle({ header: HEADER, key: KEY, counter: 7, plaintext: PLAINTEXT });
}

function savedKey(purpose: string, use: string, alg: string): object {
  const pair = createECDH('prime256v1');
  pair.setPrivateKey(sampleBytes(purpose));
  const point = pair.getPublicKey();
  const [x, y, d] = [point.subarray(1, 33), point.subarray(33), sampleBytes(purpose)];
  const members = Object.entries({ x, y, d }).map(([name, bytes]) => [name, bytes.toString('base64url')]);
  return { kty: 'EC', crv: 'P-256', ...Object.fromEntries(members), use, alg };
}

/** The text of a record that is believed. */
async function believed(input: Buffer): Promise<string | undefined> {
  const jws = input.toString('latin1');
  const record = readNodeRecord(jws);
  return record.ok && (await isSignedByItself(jws, record.value)) ? jws : undefined;
}

function signedPart(jws: string): string {
  return jws.slice(0, jws.lastIndexOf('.'));
}

/** What is sealed opens to what was sealed, or not at all. */
function differsFrom(sealedIn: () => Buffer | undefined): (opened: Buffer) => string | undefined {
  return (opened) => (sealedIn()?.equals(opened) === true ? undefined : 'it was changed');
}
