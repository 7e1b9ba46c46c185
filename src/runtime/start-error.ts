/** Something outside the program keeps the node from starting; its message is one readable line, the exit code is 1. */
export class StartError extends Error {
  override readonly name = 'StartError';
}
