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

/** Who is let in; with neither secrets nor a list, everybody. */
export interface AdmissionRules {
  readonly keys: readonly ClusterKeys[];
  /** Ids on the allow-list; undefined when there is none, which is not the same as an empty one. */
  readonly allowed: ReadonlySet<string> | undefined;
}

/** Whether the node's key is on the allow-list, or its record's admission was made with one of the secrets. */
export function isAdmitted(node: Admitted & { readonly admission?: string }, rules: AdmissionRules): boolean {
  const { keys, allowed } = rules;
  if (allowed?.has(node.id) === true) return true;
  if (keys.length === 0) return allowed === undefined;
  const proofs = (node.admission ?? '').split('.').map((proof) => Buffer.from(proof, 'base64url'));
  return keys.some((accepted) => {
    const expected = proofOf(node, accepted);
    return proofs.some((proof) => proof.length === expected.length && timingSafeEqual(proof, expected));
  });
}

function proofOf(node: Admitted, keys: ClusterKeys): Buffer {
  return createHmac('sha256', keys.admission).update(`${node.cluster}\0${node.id}`).digest();
}
