import { GrapevineError } from '../../runtime/errors.js';
import { isGranted, type Deed, type Grant } from './grant.js';

/** Who sends a request or holds a connection, and what it may do. */
export interface Caller {
  /** Whom its limits are counted under: the token's subject, else the address. */
  readonly client: string;
  /** Undefined when it has no token, or one that is not accepted. */
  readonly grant: Grant | undefined;
  /** Why there is no grant. */
  readonly refusal: GrapevineError | undefined;
}

/** What the caller may do; throws why it may do nothing. */
export function grantOf({ grant, refusal }: Caller): Grant {
  if (grant === undefined) throw refusal ?? new GrapevineError('unauthorized', 'A token is needed.');
  return grant;
}

/**
 * Throws `forbidden` unless the caller may do that to all that a valid topic or pattern matches. To be asked before it is
 * looked up whether there is such a topic, so that the answer tells nothing of it.
 */
export function assertGranted(caller: Caller, deed: Deed, topicOrPattern: string): void {
  if (isGranted(grantOf(caller), deed, topicOrPattern)) return;
  const what = deed === 'publish' ? 'publish to this topic' : 'read this topic';
  throw new GrapevineError('forbidden', `The token does not let its bearer ${what}.`, {
    challenge: 'insufficient_scope',
  });
}
