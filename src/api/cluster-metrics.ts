import type { NodeStatus } from '../subscriptions/status.service.js';
import { gauge, labelled, type Metric } from './metric.js';

/** The cluster and the log as `GET /status` tells of them. */
export function clusterMetrics(status: () => NodeStatus): Metric[] {
  const sumOfTopics = (count: (topic: NodeStatus['topics'][number]) => number): number =>
    status().topics.reduce((sum, topic) => sum + count(topic), 0);
  return [
    labelled('gauge', { name: 'grapevine_members', help: 'Members, this node included.', label: 'state' }, () =>
      membersByState(status()),
    ),
    gauge({ name: 'grapevine_linked_peers', help: 'Peers with a link.' }, () => {
      return status().peers.filter(({ isLinked }) => isLinked).length;
    }),
    gauge({ name: 'grapevine_quarantined_peers', help: 'Members that are shut out now.' }, () => {
      return status().peers.filter(({ quarantinedForMs }) => quarantinedForMs !== null).length;
    }),
    labelled(
      'gauge',
      { name: 'grapevine_peers_disagreeing', help: 'Linked peers with other rules than this node.', label: 'rules' },
      () => disagreeing(status()),
    ),
    gauge({ name: 'grapevine_interests_ignored', help: 'Interests of nodes in what they may not read.' }, () => {
      return status().rules.ignored.length;
    }),
    gauge({ name: 'grapevine_ready', help: '1 when the node has joined and is not draining.' }, () => {
      return status().isReady ? 1 : 0;
    }),
    gauge({ name: 'grapevine_subscriptions', help: "The node's own topics and patterns." }, () => {
      return status().subscriptions.length;
    }),
    gauge({ name: 'grapevine_log_topics', help: 'Topics in the log.' }, () => status().topics.length),
    gauge({ name: 'grapevine_log_messages', help: 'Messages in the log.' }, () => sumOfTopics(({ count }) => count)),
    gauge({ name: 'grapevine_log_bytes', help: 'Bytes of bundles in the log.' }, () =>
      sumOfTopics(({ bytes }) => bytes),
    ),
  ];
}

function disagreeing({ peers }: NodeStatus): Iterable<readonly [string, number]> {
  return [
    ['topic-policy', peers.filter(({ sameTopicPolicy }) => sameTopicPolicy === false).length],
    ['allow-list', peers.filter(({ sameAllowList }) => sameAllowList === false).length],
  ];
}

function membersByState({ peers }: NodeStatus): Iterable<readonly [string, number]> {
  const counts = new Map([
    ['alive', 1],
    ['suspect', 0],
    ['dead', 0],
    ['left', 0],
  ]);
  for (const { state } of peers) counts.set(state, (counts.get(state) ?? 0) + 1);
  return counts;
}
