import { ApiProperty } from '@nestjs/swagger';

/** The node itself. */
export class NodeFields {
  @ApiProperty({ example: 'Fb1eJ6PqgXVG0UvwaEOZtW7VN6ywmPTjZUoSTrXfSLc' })
  id!: string;

  @ApiProperty({ example: 'A' })
  name!: string;

  @ApiProperty({ example: 1_764_000_000_000, description: 'One life of the node.' })
  epoch!: number;

  @ApiProperty({ example: 'http://127.0.0.1:8000' })
  url!: string;

  @ApiProperty({ example: '0.1.0' })
  version!: string;

  @ApiProperty({ example: 61_000 })
  uptimeMs!: number;
}

/** Another member, as this node sees it. */
export class PeerFields {
  @ApiProperty({ example: 'kP0dFyVcQ2hVb8vYB2gUeQ9sGm1vWqfWm5Wj1r1T2aE' })
  id!: string;

  @ApiProperty({ example: 'B' })
  name!: string;

  @ApiProperty({ example: 'http://127.0.0.1:8001' })
  url!: string;

  @ApiProperty({ enum: ['alive', 'suspect', 'dead', 'left'], example: 'alive' })
  state!: string;

  @ApiProperty({ example: 1_764_000_000_000 })
  epoch!: number;

  @ApiProperty({ example: true })
  isLinked!: boolean;

  @ApiProperty({ type: Number, nullable: true, example: 0.6, description: 'Round trip of the last probe.' })
  rttMs!: number | null;

  @ApiProperty({
    type: Number,
    nullable: true,
    example: 2,
    description: 'Version of the protocol that the link speaks.',
  })
  protocol!: number | null;

  @ApiProperty({
    type: Number,
    nullable: true,
    example: null,
    description: 'How much longer it is shut out for what it sent; null when it is not.',
  })
  quarantinedForMs!: number | null;

  @ApiProperty({ type: Boolean, nullable: true, example: true, description: 'Null while the peer has not said.' })
  sameTopicPolicy!: boolean | null;

  @ApiProperty({ type: Boolean, nullable: true, example: true, description: 'Null while the peer has not said.' })
  sameAllowList!: boolean | null;
}

/** An interest in what the node may not read, by the topic policy. */
export class IgnoredInterest {
  @ApiProperty({ example: 'C' })
  node!: string;

  @ApiProperty({ example: 'orders.>' })
  topic!: string;
}

/** The rules that the node goes by. */
export class RulesFields {
  @ApiProperty({ example: '47DEQpj8HBQ', description: 'Digest of the topic policy; equal at nodes that agree.' })
  topicPolicy!: string;

  @ApiProperty({ example: 'AAAAAAAAAAA', description: 'Digest of the allow-list; zeros without one.' })
  allowList!: string;

  @ApiProperty({ type: [IgnoredInterest], description: 'Interests that count for nothing.' })
  ignored!: IgnoredInterest[];
}

/** What the node holds of a topic. */
export class TopicFields {
  @ApiProperty({ example: 'chat' })
  topic!: string;

  @ApiProperty({ example: 42, description: 'Messages that this node holds.' })
  count!: number;

  @ApiProperty({ example: 9_120 })
  bytes!: number;

  @ApiProperty({ example: 'mJ8q0l3Vb5k', description: 'Equal at nodes that hold the same messages.' })
  digest!: string;
}

/** The cluster, as this node sees it. */
export class ClusterFields {
  @ApiProperty({ example: 4, description: 'Living nodes, this one included.' })
  size!: number;

  @ApiProperty({ enum: ['healthy', 'degraded'], example: 'healthy' })
  state!: string;

  @ApiProperty({ example: 'Z0a1fQ9xk2s', description: 'Equal at nodes that agree on members and interests.' })
  digest!: string;
}

/** One node's view of itself and the cluster. */
export class StatusBody {
  @ApiProperty({ type: NodeFields })
  node!: NodeFields;

  @ApiProperty({ example: ['chat'] })
  subscriptions!: string[];

  @ApiProperty({ type: [PeerFields] })
  peers!: PeerFields[];

  @ApiProperty({ type: [TopicFields] })
  topics!: TopicFields[];

  @ApiProperty({ type: ClusterFields })
  cluster!: ClusterFields;

  @ApiProperty({ type: RulesFields })
  rules!: RulesFields;

  @ApiProperty({ enum: ['ok', 'full', 'failing'], example: 'ok', description: 'Whether its store takes messages.' })
  store!: string;

  @ApiProperty({ example: 2, description: 'Clients connected to this node.' })
  clients!: number;

  @ApiProperty({ example: true })
  isReady!: boolean;

  @ApiProperty({ example: false })
  isDraining!: boolean;
}

/** The answer to a health check. */
export class HealthBody {
  @ApiProperty({ example: 'ok' })
  status!: string;
}
