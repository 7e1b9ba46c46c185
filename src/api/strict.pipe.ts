import { Injectable, ValidationPipe, type ArgumentMetadata } from '@nestjs/common';
import type { ValidationError } from 'class-validator';
import { GrapevineError } from '../runtime/errors.js';
import { NdjsonBody } from './json-body.js';
import { jsonProblem } from './json-bounds.js';
import { invalidRequest } from './problem.js';

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
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    const problem = isObject ? jsonProblem(value) : 'must be an object';
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
