import type { DirectoryView } from '../../peers/directory-view.js';
import type { NodeId } from '../../peers/node-id.js';
import type { Stream } from '../bundles/stream.js';

/**
 * Whether a peer speaks as the publisher of a stream, which knows where it begins and what is left of it. In a later life it is a
 * holder as others are: its log may have been lost in between.
 */
export function isOwnWord(directory: DirectoryView, peer: NodeId, { publisher, epoch }: Stream): boolean {
  return peer === publisher && directory.member(peer)?.epoch === epoch;
}
