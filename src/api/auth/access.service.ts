import type { IncomingMessage } from 'node:http';
import { Injectable } from '@nestjs/common';
import { GrapevineError } from '../../runtime/errors.js';
import { clientAddress } from '../../runtime/client-address.js';
import { ClientLimits } from '../limits/client-limits.service.js';
import { asGrapevineError } from '../problem.js';
import { bearerOf, queryTokenOf } from './bearer.js';
import type { Caller } from './caller.js';
import { OPEN_GRANT } from './grant.js';
import { Tokens } from './tokens.service.js';

const CALLER = Symbol('caller');

/** A request that was looked at already remembers who sends it. */
type Request = IncomingMessage & { [CALLER]?: Promise<Caller> };

/** Says who sends a request, by its token and address, and counts it. */
@Injectable()
export class ClientAccess {
  constructor(
    private readonly tokens: Tokens,
    private readonly limits: ClientLimits,
  ) {}

  /** Who sends a request, once however often it is asked. Throws `too-many-requests`; a token that is not accepted is left to whoever needs one. */
  admit(request: Request): Promise<Caller> {
    request[CALLER] ??= this.#admit(request);
    return request[CALLER];
  }

  /** Who opens or renews a connection with this token. */
  async identify(token: string | undefined, remoteAddress: string | undefined): Promise<Caller> {
    const address = clientAddress(remoteAddress);
    if (this.tokens.isOpen) return { client: address, grant: OPEN_GRANT, refusal: undefined };
    if (token === undefined) return { client: address, grant: undefined, refusal: undefined };
    try {
      const grant = this.tokens.remembered(token) ?? (await this.#verify(token, address));
      return { client: grant.subject ?? address, grant, refusal: undefined };
    } catch (error) {
      const refusal = asGrapevineError(error);
      if (refusal.code === 'too-many-requests') throw refusal;
      if (refusal.code === 'internal') throw error;
      return { client: address, grant: undefined, refusal };
    }
  }

  async #admit({ headers, url = '', socket }: Request): Promise<Caller> {
    const caller = await this.identify(bearerOf(headers.authorization) ?? queryTokenOf(url), socket.remoteAddress);
    this.limits.take('requests', caller.client);
    return caller;
  }

  /** A signature costs more than a request, so it is counted under the address before it is known whose it is. */
  #verify(token: string, address: string): ReturnType<Tokens['verify']> {
    this.limits.take('requests', address);
    return this.tokens.verify(token);
  }
}

/** The token that a socket brought, in its `auth` or a header; `auth` wins. */
export function socketToken(auth: unknown, authorization: string | undefined): string | undefined {
  const { token } = Object(auth) as { readonly token?: unknown };
  if (token === undefined || token === null) return bearerOf(authorization);
  if (typeof token !== 'string')
    throw new GrapevineError('unauthorized', 'auth.token must be a text.', { challenge: 'invalid_token' });
  return token;
}
