import jose from 'node-jose';
import { refused, type Decoded } from '../wire/decoded.js';
import { decodeNodeRecord, NODE_RECORD_BYTES_MAX, type NodeRecord } from './node-record.js';

const ALG = 'ES256';
const TYP = 'grapevine-node';
/** header . payload . signature (64 bytes) */
const COMPACT = /^([\w-]+)\.([\w-]+)\.[\w-]{86}$/;

/** Signs a record with its own key as a compact JWS. */
export async function signNodeRecord(record: NodeRecord, signingKey: jose.JWK.Key): Promise<string> {
  const signer = jose.JWS.createSign({ format: 'compact', alg: ALG, fields: { typ: TYP } }, signingKey);
  const jws: unknown = await signer.update(JSON.stringify(record), 'utf8').final();
  if (typeof jws !== 'string' || jws.length > NODE_RECORD_BYTES_MAX) throw new Error('the node record is too large');
  return jws;
}

/** Reads a record without believing it: form, header and fields are sound, its signature was not looked at. */
export function readNodeRecord(jws: string): Decoded<NodeRecord> {
  if (jws.length > NODE_RECORD_BYTES_MAX) return refused('record is too large');
  const match = COMPACT.exec(jws);
  if (match === null) return refused('record is not a compact JWS');
  const header = parseJson(match[1]);
  if (typeof header !== 'object' || header === null) return refused('record has no header');
  const { alg, typ, kid, ...rest } = header as Readonly<Record<string, unknown>>;
  if (alg !== ALG || typ !== TYP || Object.keys(rest).length > 0) return refused('record header is not ours');
  const record = decodeNodeRecord(parseJson(match[2]));
  if (record.ok && record.value.id !== kid) return refused('record was signed with another key');
  return record;
}

/** Whether the JWS that `record` was read from carries the signature of the record's own key. */
export async function isSignedByItself(jws: string, record: NodeRecord): Promise<boolean> {
  try {
    const key = await jose.JWK.asKey({ ...record.signingKey, use: 'sig', alg: ALG });
    await jose.JWS.createVerify(key, { algorithms: [ALG], allowEmbeddedKey: false }).verify(jws);
    return true;
  } catch {
    return false;
  }
}

function parseJson(encoded: string | undefined): unknown {
  try {
    return JSON.parse(Buffer.from(encoded ?? '', 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
}
