import { hkdfSync } from 'node:crypto';

/** What the cluster secret is turned into, one key per purpose. */
export interface ClusterKeys {
  /** Authenticates hellos, so that strangers are turned away before anything costly. */
  readonly hello: Buffer;
  /** Proves in a node's record that the node knew the secret. */
  readonly admission: Buffer;
  /** Enters the keys of every link. */
  readonly link: Buffer;
}

/** Keys of one secret; of the empty one in a cluster that has none. */
export function clusterKeysOf(secret: string): ClusterKeys {
  const derive = (purpose: string): Buffer =>
    Buffer.from(hkdfSync('sha256', secret, 'grapevine cluster 1', purpose, 32));
  return { hello: derive('hello'), admission: derive('admission'), link: derive('link') };
}
