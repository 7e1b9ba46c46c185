import { startNode, type GrapevineOptions, type RunningNode } from '../../dist/index.js';

/** A node of the cluster under test, on a port of its own; everything not named here is at its default. */
export function startGrapevineNode(options: Partial<GrapevineOptions> & { name: string }): Promise<RunningNode> {
  return startNode({
    port: 0,
    profile: 'local',
    secret: 'a secret that all nodes of the bench share',
    logLevel: 'error',
    ...options,
  });
}
