/** Time as it is handed in. Cores only see `monotonicMs`; `wallMs` stamps what outlives the process. */
export interface Clock {
  /** Milliseconds since 1970; may be stepped. */
  wallMs(): number;
  /** Milliseconds since some start; never goes back. */
  monotonicMs(): number;
}
