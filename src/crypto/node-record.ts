import { isNodeName, isNodeUrl } from '../config/addresses.js';
import { decoded, refused, type Decoded } from '../wire/decoded.js';
import { decodePublicJwk, thumbprintOf, type PublicJwk } from './public-key.js';

/** What a node says of itself, signed with its own signing key as a compact JWS (ES256, header `kid` = `id`). */
export interface NodeRecord {
  readonly cluster: string;
  /** RFC 7638 thumbprint of `signingKey`. */
  readonly id: string;
  readonly name: string;
  /** Where peers reach it. */
  readonly url: string;
  /** One life of the node: milliseconds since 1970, above every earlier one. */
  readonly epoch: number;
  /** SWIM's: grows when the node refutes a suspicion or leaves. */
  readonly incarnation: number;
  readonly status: 'alive' | 'left';
  /** Public EC P-256 keys. */
  readonly signingKey: PublicJwk;
  readonly encryptionKey: PublicJwk;
  /** HMAC-SHA-256 (base64url) over cluster and id under a key derived from the cluster secret, one per accepted secret, joined by a dot; absent without a secret. */
  readonly admission?: string;
}

/** Largest JWS that is looked at, in bytes. */
export const NODE_RECORD_BYTES_MAX = 4_096;

/** Printable ASCII, as URL parsers forgive white space. */
const URL_CHARACTERS = /^[\x21-\x7e]{1,512}$/;
/** Epochs and incarnations take six bytes on the wire. */
const COUNTER_MAX = 2 ** 48 - 1;
const ADMISSION = /^[A-Za-z0-9_-]{43}(\.[A-Za-z0-9_-]{43})?$/;

/** Reads the parsed payload of a record; members that a newer version added are left out. */
export function decodeNodeRecord(value: unknown): Decoded<NodeRecord> {
  if (typeof value !== 'object' || value === null) return refused('record is not an object');
  const fields = value as Readonly<Record<string, unknown>>;
  const { cluster, name, url, epoch, incarnation, status, admission } = fields;
  if (typeof cluster !== 'string' || !isNodeName(cluster)) return refused('record has no valid cluster');
  if (typeof name !== 'string' || !isNodeName(name)) return refused('record has no valid name');
  if (typeof url !== 'string' || !URL_CHARACTERS.test(url) || !isNodeUrl(url)) {
    return refused('record has no valid url');
  }
  if (!isCounter(epoch) || !isCounter(incarnation)) return refused('record has no valid epoch or incarnation');
  if (status !== 'alive' && status !== 'left') return refused('record has no valid status');
  if (admission !== undefined && (typeof admission !== 'string' || !ADMISSION.test(admission))) {
    return refused('record has a malformed admission');
  }
  const signingKey = decodePublicJwk(fields['signingKey']);
  if (!signingKey.ok) return signingKey;
  const encryptionKey = decodePublicJwk(fields['encryptionKey']);
  if (!encryptionKey.ok) return encryptionKey;
  const id = thumbprintOf(signingKey.value);
  if (fields['id'] !== id) return refused('record id is not the thumbprint of its key');
  const keys = { signingKey: signingKey.value, encryptionKey: encryptionKey.value };
  const record: NodeRecord = { cluster, id, name, url, epoch, incarnation, status, ...keys };
  return decoded(admission === undefined ? record : { ...record, admission });
}

function isCounter(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= COUNTER_MAX;
}
