import { Injectable, ValidationPipe } from '@nestjs/common';
import type { ValidationError } from 'class-validator';
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
