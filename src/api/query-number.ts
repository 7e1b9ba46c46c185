import { Transform } from 'class-transformer';

/** Digits as the number they stand for, anything else as it is. */
export function fromDigits(value: unknown): unknown {
  return typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value;
}

/** Reads digits of a query; anything else is left for the rule of the field to name. */
export function FromDigits(): PropertyDecorator {
  return Transform(({ value }: { value: unknown }) => fromDigits(value));
}
