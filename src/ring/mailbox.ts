/**
 * The mailbox of a shard: how the shard that executes a command on keys of several shards (design: atomic across
 * shards) calls the others, which are parked for it. One block of shared memory a shard, half duplex, no queue:
 *
 *   byte  0  parkedFor  i32  the transaction that the owner is parked for, 0 while it is not parked
 *   byte  4  turn       i32  CALLER or OWNER: who may write now
 *   byte  8  kind       i32  of the message on its way: CALL, ANSWER or RELEASE
 *   byte 12  total      u32  bytes of the whole message
 *   byte 16  piece      u32  bytes of the piece in `data`
 *   byte 20  gone       i32  1 while the owner's thread has ended: whoever waits for it gives up
 *   byte 64  data       PIECE_BYTES_MAX bytes
 *
 * A message longer than `data` travels in pieces; the receiver gives the turn back after each but the last, so
 * that afterwards it has the turn itself and can answer. Transactions are told apart by their number: several
 * callers may wait for the same owner, each for its own. They cannot wait in a circle, because every lane has the
 * transactions in the one order in which the acceptor pushed them.
 *
 * Both sides block in `Atomics.wait`; only shards' threads may use it. The main thread writes two things: that an
 * owner is gone, and, when all who had to do with it have noticed, that a new one is there. Those who wait look for
 * the former every GONE_CHECK_MS, so that nobody has to be woken for it.
 */

const PARKED_FOR = 0;
const TURN = 1;
const KIND = 2;
const TOTAL = 3;
const PIECE = 4;
const GONE = 5;
const CONTROL_BYTES = 64;
const PIECE_BYTES_MAX = 64 * 1024;

const CALLER = 0;
const OWNER = 1;

const CALL = 0;
const ANSWER = 1;
const RELEASE = 2;

const GONE_CHECK_MS = 50;

const NO_BYTES = new Uint8Array(0);

/** The thread at the other end has ended: nothing is known of what it was asked to do last. */
export class OtherShardGone extends Error {
  constructor() {
    super('the thread of another shard has ended');
  }
}

export class Mailbox {
  readonly #control: Int32Array;
  readonly #data: Uint8Array;

  constructor(memory: SharedArrayBuffer) {
    this.#control = new Int32Array(memory, 0, CONTROL_BYTES / 4);
    this.#data = new Uint8Array(memory, CONTROL_BYTES);
  }

  static memory(): SharedArrayBuffer {
    return new SharedArrayBuffer(CONTROL_BYTES + PIECE_BYTES_MAX);
  }

  // The main thread's

  /** The owner's thread has ended. */
  abandon(): void {
    Atomics.store(this.#control, GONE, 1);
  }

  /** A new thread owns the mailbox. Nobody may have anything to do with the old one any more. */
  renew(): void {
    Atomics.store(this.#control, PARKED_FOR, 0);
    Atomics.store(this.#control, TURN, CALLER);
    Atomics.store(this.#control, GONE, 0);
  }

  // The caller's side

  /** Waits until the owner is parked for `transaction` (not 0). False: it never will be, its thread has ended. */
  awaitParked(transaction: number): boolean {
    for (;;) {
      const parkedFor = Atomics.load(this.#control, PARKED_FOR);
      if (parkedFor === transaction) return true;
      if (this.#isGone) return false;
      Atomics.wait(this.#control, PARKED_FOR, parkedFor, GONE_CHECK_MS);
    }
  }

  /**
   * Sends a message to the owner, which is parked for this caller, and returns its answer. Throws OtherShardGone
   * when the owner's thread has ended.
   */
  call(message: Uint8Array): Uint8Array {
    this.#send(CALLER, CALL, message, this);
    return this.#receive(CALLER, this);
  }

  /** Lets the owner go on. */
  release(): void {
    this.#send(CALLER, RELEASE, NO_BYTES, this);
  }

  // The owner's side

  /**
   * Answers calls with what `serve` makes of them, until the caller of `transaction` releases this shard, or its
   * thread has ended; `caller` is the caller's own mailbox.
   */
  park(transaction: number, serve: (message: Uint8Array) => Uint8Array, caller: Mailbox): void {
    const control = this.#control;
    Atomics.store(control, TURN, CALLER);
    Atomics.store(control, PARKED_FOR, transaction);
    Atomics.notify(control, PARKED_FOR);
    this.#answerCalls(serve, caller);
    Atomics.store(control, PARKED_FOR, 0);
    Atomics.notify(control, PARKED_FOR);
  }

  #answerCalls(serve: (message: Uint8Array) => Uint8Array, caller: Mailbox): void {
    try {
      for (;;) {
        const message = this.#receive(OWNER, caller);
        if (this.#control[KIND] === RELEASE) return;
        this.#send(OWNER, ANSWER, serve(message), caller);
      }
    } catch (error) {
      if (!(error instanceof OtherShardGone)) throw error;
    }
  }

  // Both sides: `opposite` is the mailbox that the thread at the other end owns

  get #isGone(): boolean {
    return Atomics.load(this.#control, GONE) === 1;
  }

  /** To be called with the turn; afterwards the other side has it. */
  #send(side: number, kind: number, message: Uint8Array, opposite: Mailbox): void {
    const control = this.#control;
    const other = CALLER + OWNER - side;
    let from = 0;
    for (;;) {
      const piece = message.subarray(from, from + PIECE_BYTES_MAX);
      this.#data.set(piece);
      control[KIND] = kind;
      control[TOTAL] = message.length;
      control[PIECE] = piece.length;
      from += piece.length;
      this.#giveTurn(other);
      if (from >= message.length) return;
      this.#awaitTurn(side, opposite);
    }
  }

  /** Waits for a whole message; afterwards this side has the turn. */
  #receive(side: number, opposite: Mailbox): Uint8Array {
    const control = this.#control;
    const other = CALLER + OWNER - side;
    this.#awaitTurn(side, opposite);
    const message = new Uint8Array(control[TOTAL]! >>> 0);
    let at = 0;
    for (;;) {
      const piece = control[PIECE]!;
      message.set(this.#data.subarray(0, piece), at);
      at += piece;
      if (at >= message.length) return message;
      this.#giveTurn(other);
      this.#awaitTurn(side, opposite);
    }
  }

  #giveTurn(side: number): void {
    Atomics.store(this.#control, TURN, side);
    Atomics.notify(this.#control, TURN);
  }

  #awaitTurn(side: number, opposite: Mailbox): void {
    const other = CALLER + OWNER - side;
    while (Atomics.load(this.#control, TURN) !== side) {
      if (opposite.#isGone) throw new OtherShardGone();
      Atomics.wait(this.#control, TURN, other, GONE_CHECK_MS);
    }
  }
}
