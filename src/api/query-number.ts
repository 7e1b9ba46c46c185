import { Transform } from 'class-transformer';

/** Digits of a query as the number they stand for; anything else is left for the rule of the field to name. */
export function FromDigits(): PropertyDecorator {
  return Transform(({ value }: { value: unknown }) =>
    typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value,
  );
}
