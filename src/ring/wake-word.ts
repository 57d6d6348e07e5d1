/**
 * How shards wake an acceptor: one word that the acceptor arms before it sleeps in its event loop, and that the
 * first shard to publish replies clears. The acceptor waits with `Atomics.waitAsync`, so it stays responsive.
 *
 * The order that makes it safe: the acceptor arms, then looks at the lanes once more; a shard publishes, then
 * looks at the word. One of the two sees the other.
 *
 * A second word counts the acceptor's reads from sockets, so that shards can tell whether clients are about, even when
 * none of their requests reaches a lane.
 */

interface AsyncWait {
  readonly async: boolean;
  readonly value: Promise<string> | string;
}

/** `Atomics.waitAsync` exists in every supported Node, but not in the ES2024 type library of all compilers. */
const waitAsync = (
  Atomics as unknown as { waitAsync(cells: Int32Array, index: number, value: number): AsyncWait }
).waitAsync;

export class WakeWord {
  readonly #cell: Int32Array;
  #isWaiting = false;
  #isArmed = false;

  constructor(memory: SharedArrayBuffer) {
    this.#cell = new Int32Array(memory);
  }

  static memory(): SharedArrayBuffer {
    return new SharedArrayBuffer(8);
  }

  /** From the acceptor: a client has sent something. */
  noteActivity(): void {
    this.#cell[1] = this.#cell[1]! + 1;
  }

  /** A number that has changed when clients have sent something since. */
  get activity(): number {
    return Atomics.load(this.#cell, 1);
  }

  /** From a shard: wakes the acceptor if it armed the word. */
  wake(): void {
    if (Atomics.load(this.#cell, 0) === 1 && Atomics.exchange(this.#cell, 0, 0) === 1) {
      Atomics.notify(this.#cell, 0);
    }
  }

  /** Asks to be woken. Afterwards the caller must look for work once more, and `disarm` if there is any. */
  arm(): void {
    this.#isArmed = true;
    Atomics.store(this.#cell, 0, 1);
  }

  /** Asks not to be woken, because the lanes are looked at soon anyway. A pending wait stays. */
  disarm(): void {
    if (!this.#isArmed) return;
    this.#isArmed = false;
    Atomics.store(this.#cell, 0, 0);
  }

  /** Calls `woken` once when a shard has cleared the armed word; nothing if a call is pending already. */
  wait(woken: () => void): void {
    if (this.#isWaiting) return;
    const wait = waitAsync(this.#cell, 0, 1);
    this.#isWaiting = true;
    const resume = () => {
      this.#isWaiting = false;
      woken();
    };
    if (wait.async) (wait.value as Promise<string>).then(resume);
    else setImmediate(resume);
  }
}
