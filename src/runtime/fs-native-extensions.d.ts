declare module 'fs-native-extensions' {
  /** Takes an exclusive lock on an open file, or returns false when another file descriptor holds it. */
  export function tryLock(fd: number): boolean;
  export function unlock(fd: number): void;
}
