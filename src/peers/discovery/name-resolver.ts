/** All addresses that a name stands for now; rejects when the name is not known or nobody answers. */
export type NameResolver = (name: string) => Promise<readonly string[]>;

/** How names of `PEERS` are resolved is provided under this token. */
export const NAME_RESOLVER = Symbol('NAME_RESOLVER');
