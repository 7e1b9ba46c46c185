/** RFC 7638 thumbprint of a node's signing key: SHA-256 as 43 characters of base64url; 32 bytes on the wire. */
export type NodeId = string;

export const NODE_ID_BYTES = 32;

export function nodeIdBytes(id: NodeId): Buffer {
  return Buffer.from(id, 'base64url');
}

/** `bytes` must be 32 long. */
export function nodeIdFrom(bytes: Uint8Array): NodeId {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64url');
}
