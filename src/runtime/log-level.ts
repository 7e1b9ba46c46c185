/** From nothing to everything. */
export const LOG_LEVELS = ['silent', 'error', 'warn', 'info', 'debug'] as const;

/** The least severe kind of line that is written. */
export type LogLevel = (typeof LOG_LEVELS)[number];

/** How lines are written. */
export const LOG_FORMATS = ['json', 'pretty'] as const;

/** An object a line for machines, or aligned text for people. */
export type LogFormat = (typeof LOG_FORMATS)[number];
