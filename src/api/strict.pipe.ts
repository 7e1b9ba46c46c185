import { Injectable, ValidationPipe, type ArgumentMetadata } from '@nestjs/common';
import type { ValidationError } from 'class-validator';
import { GrapevineError, invalidRequest } from '../runtime/errors.js';
import { NdjsonBody } from './json-body.js';
import { isObject, jsonProblem } from './json-bounds.js';

/** Validates a DTO of Grapevine's own controllers: what is not known is refused and named like what is wrong. */
@Injectable()
export class StrictPipe extends ValidationPipe {
  constructor() {
    super({
      transform: true,
      whitelist: true,
      forbidNonWhitelisted: true,
      forbidUnknownValues: true,
      validationError: { target: false, value: false },
      exceptionFactory: (errors) => invalidRequest(errors.map(fieldError)),
    });
  }

  override async transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    // Before class-transformer walks it.
    if (value instanceof NdjsonBody)
      throw new GrapevineError('unsupported-media-type', 'Lines are taken by /publish only.');
    const problem = isObject(value) ? jsonProblem(value) : 'must be an object';
    if (problem !== undefined) throw invalidRequest([{ field: metadata.type, message: problem }]);
    return super.transform(value, metadata);
  }
}

function fieldError({ property, constraints }: ValidationError): { field: string; message: string } {
  const unknown = constraints?.['whitelistValidation'] !== undefined;
  const first = Object.values(constraints ?? {})[0] ?? 'is not valid';
  // Messages of the validators begin with the field's name, which the problem document gives apart.
  const prefix = `${property} `;
  return {
    field: property,
    message: unknown ? 'is not known' : first.startsWith(prefix) ? first.slice(prefix.length) : first,
  };
}
