import { applyDecorators } from '@nestjs/common';
import { ApiBearerAuth, ApiExtraModels, ApiProperty, ApiResponse, getSchemaPath } from '@nestjs/swagger';
import { ERRORS, GrapevineError, type ErrorCode } from '../runtime/errors.js';
import { problemHeaders, problemOf } from './problem.js';

/** One field of a request and what is wrong with it. */
export class FieldProblem {
  @ApiProperty({ example: 'topic' })
  field!: string;

  @ApiProperty({ example: 'must be a string' })
  message!: string;
}

/** An error as RFC 9457 has it. */
export class Problem {
  @ApiProperty({ example: 'urn:grapevine:error:invalid-request' })
  type!: string;

  @ApiProperty({ example: 'The request is not valid' })
  title!: string;

  @ApiProperty({ example: 400 })
  status!: number;

  @ApiProperty({ example: 'topic: must be a string' })
  detail!: string;

  @ApiProperty({ enum: Object.keys(ERRORS), example: 'invalid-request', description: 'Stable name of the error.' })
  code!: string;

  @ApiProperty({ type: [FieldProblem] })
  errors!: FieldProblem[];
}

/** What every operation may answer, and what those may that need a token. */
const EVERYWHERE: readonly ErrorCode[] = ['wrong-host', 'too-many-requests'];
const WITH_TOKEN: readonly ErrorCode[] = ['unauthorized', 'keys-unavailable'];

/** An operation that needs a token at a node that asks for tokens, and the errors it answers. */
export function ApiTokenProblems(...codes: readonly ErrorCode[]): MethodDecorator {
  return applyDecorators(ApiBearerAuth(), ApiProblems(...codes, ...WITH_TOKEN));
}

/** Documents which errors an operation answers besides those that all do, with an example of each. */
export function ApiProblems(...own: readonly ErrorCode[]): MethodDecorator {
  const codes = [...own, ...EVERYWHERE];
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of codes) byStatus.set(ERRORS[code].status, [...(byStatus.get(ERRORS[code].status) ?? []), code]);
  const responses = [...byStatus].map(([status, same]) => ApiResponse({ status, ...problemResponse(same) }));
  return applyDecorators(ApiExtraModels(Problem), ...responses);
}

function problemResponse(codes: readonly ErrorCode[]): object {
  const examples = codes.map((code) => new GrapevineError(code, 'What exactly went wrong.'));
  const retries = examples.some((error) => problemHeaders(error)['retry-after'] !== undefined);
  return {
    description: codes.map((code) => `\`${code}\`: ${ERRORS[code].title}.`).join(' '),
    ...(retries && { headers: { 'Retry-After': { description: 'Seconds', schema: { type: 'integer' } } } }),
    content: {
      'application/problem+json': {
        schema: { $ref: getSchemaPath(Problem) },
        examples: Object.fromEntries(examples.map((error) => [error.code, { value: problemOf(error) }])),
      },
    },
  };
}
