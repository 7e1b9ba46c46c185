import type { JsonWebKey } from 'node:crypto';

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
  readonly signingKey: JsonWebKey;
  readonly encryptionKey: JsonWebKey;
  /** HMAC-SHA-256 (base64url) over cluster and id under a key derived from the cluster secret; absent without a secret. */
  readonly admission?: string;
}

/** Largest JWS that is looked at, in bytes. */
export const NODE_RECORD_BYTES_MAX = 4_096;
