/** Assertions: what only a defect of our own can violate stops the process with a message. */

export class AssertionFailure extends Error {}

/** Throws when `condition` does not hold. `message` says what must be true, not what happened. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new AssertionFailure(`assertion failed: ${message}`);
}
