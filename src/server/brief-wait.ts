/**
 * A brief wait for replies before the acceptor goes to sleep in its event loop. Where one or two commands are under way and
 * nothing else is to be done, a shard answers sooner than a sleeping thread could be woken, twice. The wait is given up for a while
 * when it is in vain: with more work than cores it only takes time from those who are waited for.
 */
import type { ShardLink } from './shard-link.ts';

/** With more under way there is enough to do, and one wake-up is for all. */
const RUNS_MAX = 2;
/** The same goes for clients that sent something in the turn. */
const READS_MAX = 2;
const WAIT_MS = 0.05;
/** After so many waits in vain in a row, so many turns pass without one. */
const FAILURES_MAX = 4;
const REST_TURNS = 256;

export class BriefWait {
  #failures = 0;
  #rest = 0;
  #reads = 0;

  /**
   * Returns when one of `links` has replies, or has none under way, or it has taken too long. `reads` is how often sockets have
   * been read since the start.
   */
  for(links: readonly ShardLink[], reads: number): void {
    const newReads = reads - this.#reads;
    this.#reads = reads;
    if (newReads > READS_MAX) return;
    let runs = 0;
    for (let i = 0; i < links.length; i++) runs += links[i]!.pendingRuns;
    if (runs === 0 || runs > RUNS_MAX) return;
    if (this.#rest > 0) {
      this.#rest--;
      return;
    }
    const end = performance.now() + WAIT_MS;
    do {
      for (let i = 0; i < links.length; i++) {
        if (!links[i]!.hasReplies) continue;
        this.#failures = 0;
        return;
      }
    } while (performance.now() < end);
    if (++this.#failures < FAILURES_MAX) return;
    this.#failures = 0;
    this.#rest = REST_TURNS;
  }
}
