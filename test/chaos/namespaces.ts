import { execFileSync } from 'node:child_process';
import { platform } from 'node:os';

/** The bridge's own address, at which this process reaches the nodes. */
const NETWORK = '10.213.77';

/**
 * Nodes in network namespaces of their own, on one bridge, with addresses of their own: what is cut here is cut for the
 * kernel, so that connections see packets vanish as they do on a real network. Needs root.
 */
export class Namespaces {
  readonly #addresses = new Map<string, string>();
  readonly #bridge = `gv${process.pid}`;

  /** Why there can be none here, or undefined. */
  static problem(): string | undefined {
    if (platform() !== 'linux' || process.getuid?.() !== 0) return 'network namespaces need Linux and root';
    try {
      run('ip', 'netns', 'list');
      run('iptables', '--version');
      return undefined;
    } catch {
      return 'there is no ip or no iptables';
    }
  }

  constructor() {
    run('ip', 'link', 'add', this.#bridge, 'type', 'bridge');
    run('ip', 'addr', 'add', `${NETWORK}.254/24`, 'dev', this.#bridge);
    run('ip', 'link', 'set', this.#bridge, 'up');
  }

  /** Makes the namespace of a node, and returns its address. */
  open(name: string): string {
    const known = this.#addresses.get(name);
    if (known !== undefined) return known;
    const number = this.#addresses.size + 1;
    const address = `${NETWORK}.${number}`;
    const [space, inner, outer] = [this.#space(name), 'eth0', `${this.#bridge}.${number}`];
    run('ip', 'netns', 'add', space);
    this.#addresses.set(name, address);
    run('ip', 'link', 'add', outer, 'type', 'veth', 'peer', 'name', inner, 'netns', space);
    run('ip', 'link', 'set', outer, 'master', this.#bridge, 'up');
    run('ip', '-n', space, 'addr', 'add', `${address}/24`, 'dev', inner);
    run('ip', '-n', space, 'link', 'set', inner, 'up');
    run('ip', '-n', space, 'link', 'set', 'lo', 'up');
    return address;
  }

  /** The command that becomes a process in the namespace of a node. */
  prefix(name: string): string[] {
    this.open(name);
    return ['ip', 'netns', 'exec', this.#space(name)];
  }

  /** From now on no packet of one node reaches the other. */
  cut(from: string, to: string): void {
    const source = this.#addresses.get(from) ?? '';
    run('ip', 'netns', 'exec', this.#space(to), 'iptables', '-A', 'INPUT', '-s', source, '-j', 'DROP');
  }

  heal(): void {
    for (const name of this.#addresses.keys()) run('ip', 'netns', 'exec', this.#space(name), 'iptables', '-F', 'INPUT');
  }

  close(): void {
    for (const name of this.#addresses.keys()) run('ip', 'netns', 'del', this.#space(name));
    run('ip', 'link', 'del', this.#bridge);
  }

  #space(name: string): string {
    return `${this.#bridge}-${name}`;
  }
}

function run(command: string, ...args: readonly string[]): void {
  execFileSync(command, args, { stdio: 'pipe' });
}
