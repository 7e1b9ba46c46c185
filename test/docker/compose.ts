import { execFile, execFileSync } from 'node:child_process';
import { promisify } from 'node:util';

const PROJECT = 'grapevine-test';

const COMPOSE_COMMANDS = [['docker', 'compose'], ['docker-compose']];

/** The compose file of the project, run by the engine of this machine as a project of its own. */
export class Compose {
  private constructor(private readonly command: readonly string[]) {}

  /** Undefined when there is no engine that answers, or no compose. */
  static find(): Compose | undefined {
    const answers = ([program = '', ...args]: readonly string[]): boolean => {
      try {
        execFileSync(program, args, { stdio: 'ignore' });
        return true;
      } catch {
        return false;
      }
    };
    if (!answers(['docker', 'info'])) return undefined;
    const command = COMPOSE_COMMANDS.find((candidate) => answers([...candidate, 'version']));
    return command === undefined ? undefined : new Compose(command);
  }

  async run(...args: readonly string[]): Promise<string> {
    return execute([...this.command, '-p', PROJECT, ...args]);
  }

  /** The id of a service's container. */
  async container(service: string): Promise<string> {
    return (await this.run('ps', '-q', service)).trim();
  }

  /** What `docker inspect` says of a service's container, through a template. */
  async inspect(service: string, template: string): Promise<string> {
    return (await this.docker('inspect', '--format', template, await this.container(service))).trim();
  }

  async cutOffMesh(service: string): Promise<void> {
    await this.docker('network', 'disconnect', `${PROJECT}_mesh`, await this.container(service));
  }

  async joinMesh(service: string): Promise<void> {
    const container = await this.container(service);
    await this.docker('network', 'connect', '--alias', `${service}.mesh`, `${PROJECT}_mesh`, container);
  }

  async docker(...args: readonly string[]): Promise<string> {
    return execute(['docker', ...args]);
  }
}

async function execute([program = '', ...args]: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(program, args, { maxBuffer: 64 * 1024 * 1024 });
  return stdout;
}
