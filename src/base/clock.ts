/** Time: the wall clock for expiry and the monotonic one for durations. */

/** Milliseconds since 1970, as expiry times are kept. */
export function nowMs(): number {
  return Date.now();
}

/** Milliseconds of a clock that never goes backwards, with fractions. */
export function monotonicMs(): number {
  return performance.now();
}
