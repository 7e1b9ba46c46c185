import { invalidRequest } from '../runtime/errors.js';
import { patternProblem, topicProblem } from '../topics/topic.js';

/** Throws `invalid-topic` unless a text is the name of a topic. */
export function assertTopic(topic: string): void {
  const message = topicProblem(topic);
  if (message !== undefined) throw invalidRequest([{ field: 'topic', message }], 'invalid-topic');
}

/** Throws `invalid-pattern` unless a text is a topic or a pattern. */
export function assertPattern(pattern: string): void {
  const message = patternProblem(pattern);
  if (message !== undefined) throw invalidRequest([{ field: 'topic', message }], 'invalid-pattern');
}
