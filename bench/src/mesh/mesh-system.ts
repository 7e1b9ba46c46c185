/** What a node of a system is given. */
export interface NodeContext {
  readonly index: number;
  readonly nodes: number;
  /** Addresses of the nodes that were started before it. */
  readonly earlier: readonly string[];
  /** Addresses of the system's servers; none when it has no broker. */
  readonly servers: readonly string[];
  /** Whether copies are to be counted, which may cost an interface. */
  readonly countsCopies: boolean;
  /** Own folder, removed after the run. */
  readonly folder: string;
  /** Hands `listener` the address of each node that is started after it. */
  readonly joined: (listener: (address: string) => void) => void;
  /** Takes each message of the bench's one topic. */
  readonly receive: (payload: Uint8Array) => void;
}

/** A node that is subscribed. */
export interface MeshNode {
  /** How later nodes reach it; empty when they need not. */
  readonly address: string;
  /** Publishes by the system's own flow control; a promise must be awaited before the next call. */
  publish(payload: Buffer): void | Promise<void>;
  /** Payload copies received from others so far, where the system tells. */
  copies?(): Promise<number>;
}

/** A way to publish and subscribe between processes. */
export interface MeshSystem {
  readonly startNode: (context: NodeContext) => Promise<MeshNode>;
}
