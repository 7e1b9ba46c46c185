/** Time as it is handed in. Cores only see `monotonicMs`; `wallMs` stamps what outlives the process. */
export interface Clock {
  /** Milliseconds since 1970, whole; may be stepped ahead. */
  wallMs(): number;
  /** Milliseconds since some start; never goes back. */
  monotonicMs(): number;
}
