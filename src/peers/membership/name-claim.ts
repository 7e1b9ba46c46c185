/**
 * Names are for people, ids for the protocol: two nodes of one name do no harm but to whoever reads. So a node that starts gives
 * way to one that has the name and answers, waits for one that may be dead to be declared so, and later only shows what it sees.
 */
import type { NodeId } from '../node-id.js';

/** Another live node with this node's name. */
export interface Namesake {
  readonly id: NodeId;
  readonly url: string;
  readonly epoch: number;
  /** The last sign of life that this node, or one it asked, had of it; by the local clock. */
  readonly heardMs: number | undefined;
}

/** `unclear`: somebody has the name but gave no sign of life since the claim. */
export type NameVerdict =
  | { readonly type: 'free' }
  | { readonly type: 'unclear'; readonly holder: Namesake }
  | { readonly type: 'taken'; readonly holder: Namesake };

/** Whose name it is, claimed since `sinceMs`. Of two nodes that start at once the one of the later life gives way. */
export function judgeName(
  own: { readonly id: NodeId; readonly epoch: number },
  namesakes: readonly Namesake[],
  sinceMs: number,
): NameVerdict {
  const elders = namesakes.filter(({ id, epoch }) => epoch < own.epoch || (epoch === own.epoch && id < own.id));
  const answering = elders.find(({ heardMs }) => heardMs !== undefined && heardMs > sinceMs);
  if (answering !== undefined) return { type: 'taken', holder: answering };
  const [silent] = elders;
  return silent === undefined ? { type: 'free' } : { type: 'unclear', holder: silent };
}
