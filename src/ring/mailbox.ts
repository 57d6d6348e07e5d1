/**
 * The mailbox of a shard: how the shard that executes a command on keys of several shards (design: atomic across
 * shards) calls the others, which are parked for it. One block of shared memory a shard, half duplex, no queue:
 *
 *   byte  0  parkedFor  i32  the transaction that the owner is parked for, 0 while it is not parked
 *   byte  4  turn       i32  CALLER or OWNER: who may write now
 *   byte  8  kind       i32  of the message on its way: CALL, ANSWER or RELEASE
 *   byte 12  total      u32  bytes of the whole message
 *   byte 16  piece      u32  bytes of the piece in `data`
 *   byte 64  data       PIECE_BYTES_MAX bytes
 *
 * A message longer than `data` travels in pieces; the receiver gives the turn back after each but the last, so
 * that afterwards it has the turn itself and can answer. Transactions are told apart by their number: several
 * callers may wait for the same owner, each for its own. They cannot wait in a circle, because every lane has the
 * transactions in the one order in which the acceptor pushed them.
 *
 * Both sides block in `Atomics.wait`; only shards' threads may use it.
 */

const PARKED_FOR = 0;
const TURN = 1;
const KIND = 2;
const TOTAL = 3;
const PIECE = 4;
const CONTROL_BYTES = 64;
const PIECE_BYTES_MAX = 64 * 1024;

const CALLER = 0;
const OWNER = 1;

const CALL = 0;
const ANSWER = 1;
const RELEASE = 2;

const NO_BYTES = new Uint8Array(0);

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

  // The caller's side

  /** Waits until the owner is parked for `transaction` (not 0). */
  awaitParked(transaction: number): void {
    for (;;) {
      const parkedFor = Atomics.load(this.#control, PARKED_FOR);
      if (parkedFor === transaction) return;
      Atomics.wait(this.#control, PARKED_FOR, parkedFor);
    }
  }

  /** Sends a message to the owner, which is parked for this caller, and returns its answer. */
  call(message: Uint8Array): Uint8Array {
    this.#send(CALLER, CALL, message);
    return this.#receive(CALLER);
  }

  /** Lets the owner go on. */
  release(): void {
    this.#send(CALLER, RELEASE, NO_BYTES);
  }

  // The owner's side

  /** Answers calls with what `serve` makes of them, until the caller of `transaction` releases this shard. */
  park(transaction: number, serve: (message: Uint8Array) => Uint8Array): void {
    const control = this.#control;
    Atomics.store(control, TURN, CALLER);
    Atomics.store(control, PARKED_FOR, transaction);
    Atomics.notify(control, PARKED_FOR);
    for (;;) {
      const message = this.#receive(OWNER);
      if (control[KIND] === RELEASE) break;
      this.#send(OWNER, ANSWER, serve(message));
    }
    Atomics.store(control, PARKED_FOR, 0);
    Atomics.notify(control, PARKED_FOR);
  }

  // Both sides

  /** To be called with the turn; afterwards the other side has it. */
  #send(side: number, kind: number, message: Uint8Array): void {
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
      this.#awaitTurn(side);
    }
  }

  /** Waits for a whole message; afterwards this side has the turn. */
  #receive(side: number): Uint8Array {
    const control = this.#control;
    const other = CALLER + OWNER - side;
    this.#awaitTurn(side);
    const message = new Uint8Array(control[TOTAL]! >>> 0);
    let at = 0;
    for (;;) {
      const piece = control[PIECE]!;
      message.set(this.#data.subarray(0, piece), at);
      at += piece;
      if (at >= message.length) return message;
      this.#giveTurn(other);
      this.#awaitTurn(side);
    }
  }

  #giveTurn(side: number): void {
    Atomics.store(this.#control, TURN, side);
    Atomics.notify(this.#control, TURN);
  }

  #awaitTurn(side: number): void {
    const other = CALLER + OWNER - side;
    while (Atomics.load(this.#control, TURN) !== side) Atomics.wait(this.#control, TURN, other);
  }
}
