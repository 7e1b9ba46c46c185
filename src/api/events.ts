import type { ProblemDocument } from './problem.js';

/** The namespace of clients, below the path of the API. */
export const EVENTS_NAMESPACE = '/events';

/** The answer to an event: what was asked for, or why not. */
export type Answer = ({ readonly ok: true } & Readonly<Record<string, unknown>>) | Refusal;

/** Why an event was refused. */
export interface Refusal {
  readonly ok: false;
  readonly problem: ProblemDocument;
}

/** Socket.IO's text for an event with one argument that is JSON already (protocol revision 5, packet type 2). */
export function eventText(event: string, json: string): string {
  return `2${EVENTS_NAMESPACE},["${event}",${json}]`;
}
