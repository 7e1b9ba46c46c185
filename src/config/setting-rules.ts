import { registerDecorator } from 'class-validator';

/** A decorator that accepts a value or tells in one phrase what it must be. Undefined is left to the default. */
function rule(mustBe: string, accepts: (value: unknown) => boolean): PropertyDecorator {
  return (target, property) =>
    registerDecorator({
      name: 'rule',
      target: target.constructor,
      propertyName: property as string,
      validator: {
        validate: (value) => value === undefined || accepts(value),
        defaultMessage: (details) => `must be ${mustBe}${butIs(details?.value)}`,
      },
    });
}

/** An unreadable value is repeated, so that it can be found; what may be secret is not a matter of these rules. */
function butIs(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return `, not ${text.length > 80 ? `${text.slice(0, 80)}…` : text}`;
}

/** Both ends included. */
export interface Range {
  readonly min: number;
  readonly max: number;
}

/** Whether a value is a whole number within a range. */
export function isWholeNumber(value: unknown, { min, max }: Range): value is number {
  return Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max;
}

/** A whole number within a range. */
export function WholeNumber(range: Range): PropertyDecorator {
  return rule(`a whole number from ${range.min} to ${range.max}`, (value) => isWholeNumber(value, range));
}

/** One of some texts. */
export function OneOf(choices: readonly string[]): PropertyDecorator {
  return rule(`one of ${choices.join(', ')}`, (value) => choices.includes(value as string));
}

/** A text that is accepted. */
export function Text(mustBe: string, accepts: (text: string) => boolean): PropertyDecorator {
  return rule(mustBe, (value) => typeof value === 'string' && accepts(value));
}

/** A list of texts that are all accepted. */
export function ListOf(mustBe: string, accepts: (text: string) => boolean): PropertyDecorator {
  return rule(
    `a list of ${mustBe}`,
    (value) => Array.isArray(value) && value.every((entry) => typeof entry === 'string' && accepts(entry)),
  );
}

/** Like `Text`, but the value is never repeated. */
export function Secret(mustBe: string, accepts: (text: string) => boolean): PropertyDecorator {
  return (target, property) =>
    registerDecorator({
      name: 'secret',
      target: target.constructor,
      propertyName: property as string,
      validator: {
        validate: (value) => value === undefined || (typeof value === 'string' && accepts(value)),
        defaultMessage: () => `must be ${mustBe}`,
      },
    });
}

/** False, or a prefix such as `/grapevine` (empty for the root). */
export function ApiMount(): PropertyDecorator {
  return rule('false or { prefix: "/…" }', (value) => {
    const prefix = (value as { prefix?: unknown } | null)?.prefix;
    return value === false || (typeof prefix === 'string' && /^(\/[A-Za-z0-9_.~-]+)*$/.test(prefix));
  });
}
