/**
 * Claims: who ends the wait of a blocked client. It may wait on several shards, its time may run out, it may be
 * unblocked or go away, and all of that on different threads at the same moment: whoever changes its word from WAITING
 * first has won, and the others leave it alone.
 *
 *   i32 for each place   generation << 2 | state
 *
 * A client that waits has a ticket: the number of its place and the generation of the place, so that a ticket which
 * somebody still has when its place is another client's claims nothing. The acceptor gives places out and takes them
 * back; shards only claim.
 */
const WAITING = 0;
/** It got, or is getting, what it waits for. */
export const SERVED = 1;
/** Its time was over, or it was told to stop waiting. */
export const TIMED_OUT = 2;
/** Its connection is gone. */
export const GONE = 3;
export type Ending = typeof SERVED | typeof TIMED_OUT | typeof GONE;

const STATE_BITS = 2;
/** More clients than can be connected. What is not used of the memory is never touched. */
const PLACES = 2 ** 20;
const GENERATION_MAX = 2 ** 29 - 1;

export class Claims {
  readonly #words: Int32Array;

  constructor(memory: SharedArrayBuffer) {
    this.#words = new Int32Array(memory);
  }

  static memory(places = PLACES): SharedArrayBuffer {
    return new SharedArrayBuffer(places * 4);
  }

  get places(): number {
    return this.#words.length;
  }

  /** Ends the wait of whoever has the ticket. False: it was over already. */
  claim(ticket: number, ending: Ending): boolean {
    const word = this.#waiting(ticket);
    return Atomics.compareExchange(this.#words, this.#place(ticket), word, word | ending) === word;
  }

  isWaiting(ticket: number): boolean {
    return Atomics.load(this.#words, this.#place(ticket)) === this.#waiting(ticket);
  }

  /** The next ticket of a place that nobody has. Only for the thread that gives tickets out. */
  open(place: number): number {
    const last = this.#words[place]! >>> STATE_BITS;
    const generation = last >= GENERATION_MAX ? 1 : last + 1;
    Atomics.store(this.#words, place, generation << STATE_BITS);
    return generation * this.places + place;
  }

  #place(ticket: number): number {
    return ticket % this.places;
  }

  #waiting(ticket: number): number {
    return (Math.floor(ticket / this.places) << STATE_BITS) | WAITING;
  }
}

/** The places of claims: the acceptor's side. */
export class Tickets {
  readonly claims: Claims;
  readonly #free: number[] = [];
  #used = 0;

  constructor(memory: SharedArrayBuffer) {
    this.claims = new Claims(memory);
  }

  /** A ticket of a client that waits from now on; undefined: there are too many. */
  take(): number | undefined {
    const place = this.#free.pop() ?? (this.#used < this.claims.places ? this.#used++ : undefined);
    return place === undefined ? undefined : this.claims.open(place);
  }

  /** The wait has been ended: the place may be another client's. */
  give(ticket: number): void {
    this.#free.push(ticket % this.claims.places);
  }
}
