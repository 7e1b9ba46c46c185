import { createHmac, timingSafeEqual } from 'node:crypto';
import type { ClusterKeys } from './cluster-keys.js';

interface Admitted {
  readonly cluster: string;
  readonly id: string;
}

/** Proof for a node's record that it knows the secrets, current one first; undefined when it knows none. */
export function admissionOf(node: Admitted, keys: readonly ClusterKeys[]): string | undefined {
  if (keys.length === 0) return undefined;
  // While a secret is replaced, nodes that know only the old one must admit us too.
  return keys.map((accepted) => proofOf(node, accepted).toString('base64url')).join('.');
}

/** Whether the record's admission was made with one of the secrets; anybody is admitted where there is none. */
export function isAdmitted(node: Admitted & { readonly admission?: string }, keys: readonly ClusterKeys[]): boolean {
  if (keys.length === 0) return true;
  const proofs = (node.admission ?? '').split('.').map((proof) => Buffer.from(proof, 'base64url'));
  return keys.some((accepted) => {
    const expected = proofOf(node, accepted);
    return proofs.some((proof) => proof.length === expected.length && timingSafeEqual(proof, expected));
  });
}

function proofOf(node: Admitted, keys: ClusterKeys): Buffer {
  return createHmac('sha256', keys.admission).update(`${node.cluster}\0${node.id}`).digest();
}
