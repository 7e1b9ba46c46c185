import type { NodeLogger } from '../../runtime/node-logger.service.js';
import type { Member } from '../membership/member.js';
import type { NodeId } from '../node-id.js';
import type { Links } from './links.js';
import { type DialChange, MemberUrls } from './member-urls.js';

/** What dialling members asks of the peers around it. */
export interface MemberDiallingWorld {
  readonly links: Pick<Links, 'keep' | 'forget'>;
  readonly logger: NodeLogger;
  readonly meshLimit: number;
  isBootstrap(url: string): boolean;
  /** Admitted, and not shut out. */
  isWelcome(member: Member): boolean;
}

/** Has the URLs of members dialled as long as they are worth it. */
export class MemberDialling {
  readonly #urls: MemberUrls;
  /** Members that were linked once: only those are tried again when they are forgotten. */
  readonly #met = new Set<NodeId>();

  constructor(private readonly world: MemberDiallingWorld) {
    this.#urls = new MemberUrls((url) => world.isBootstrap(url));
  }

  /** There is a link to this member. */
  met(member: Member): void {
    this.#met.add(member.id);
    this.update(member);
  }

  /** The member is new, has changed, or its welcome may have. */
  update(member: Member): void {
    this.#dial(this.world.isWelcome(member) ? this.#urls.update(member) : this.#urls.forget(member.id));
  }

  forgotten(id: NodeId): void {
    this.#dial(this.#met.delete(id) ? this.#urls.outlive(id) : this.#urls.forget(id));
  }

  /** Discovery wants this URL no longer; a member may. */
  forgetBootstrap(url: string): void {
    if (!this.#urls.includes(url)) this.world.links.forget(url);
  }

  #dial(change: DialChange): void {
    const { links, meshLimit, logger } = this.world;
    if (change.forget !== undefined) links.forget(change.forget);
    if (change.keepRarely !== undefined) links.keep(change.keepRarely, 'rarely');
    if (change.keep === undefined) return;
    links.keep(change.keep, 'hearsay');
    if (this.#urls.count === meshLimit + 1) logger.warn('more nodes than MESH_LIMIT, all are linked', { meshLimit });
  }
}
