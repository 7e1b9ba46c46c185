interface Resolvers {
  readonly promise: Promise<unknown>;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

// What libp2p needs of Node 22, for Node 20.
if (!('withResolvers' in Promise)) Object.assign(Promise, { withResolvers });

function withResolvers(): Resolvers {
  let resolve!: Resolvers['resolve'];
  let reject!: Resolvers['reject'];
  const promise = new Promise((...settle) => ([resolve, reject] = settle));
  return { promise, resolve, reject };
}
