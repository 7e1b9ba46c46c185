import { lookup } from 'node:dns/promises';

/** Asks the resolver of the machine, which reads its hosts file, too. */
export async function resolveName(name: string): Promise<readonly string[]> {
  return (await lookup(name, { all: true })).map(({ address }) => address);
}
