import type { IncomingMessage } from 'node:http';
import { createParamDecorator, Injectable, SetMetadata, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { ClientAccess } from './access.service.js';
import { grantOf, type Caller } from './caller.js';

const TO_ALL = 'grapevine:to-all';

/** Fastify wraps the request, Express is the request. */
interface HostRequest extends IncomingMessage {
  readonly raw?: IncomingMessage;
  grapevineCaller?: Caller;
}

/** An operation that needs no token and counts for nobody. */
export const ToAll = (): MethodDecorator => SetMetadata(TO_ALL, true);

/** Who sends the request. */
export const FromCaller = createParamDecorator((_data: unknown, context: ExecutionContext): Caller | undefined => {
  return context.switchToHttp().getRequest<HostRequest>().grapevineCaller;
});

/** Lets a request through when it brings the token that the node asks for; what is granted for which topic is asked by the operation. */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(
    private readonly access: ClientAccess,
    private readonly reflector: Reflector,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (this.reflector.get<boolean | undefined>(TO_ALL, context.getHandler()) === true) return true;
    const request = context.switchToHttp().getRequest<HostRequest>();
    const caller = await this.access.admit(request.raw ?? request);
    grantOf(caller);
    request.grapevineCaller = caller;
    return true;
  }
}
