/**
 * Commands on keys of several shards at one instant (design: atomic across shards). The acceptor pushes, in one
 * turn, the command to the shard of its first key, the executor, and a hold to each other shard concerned. A
 * shard that reaches a hold parks: it takes no more requests and answers only the executor, by its mailbox, until
 * it is released. So the executor sees and changes all keys with nobody in between, and since every lane has
 * holds and commands in the acceptor's order, no two executors ever wait for each other.
 *
 *     executor:  … ── awaitParked ── call, call, … ── release ── …
 *     held:      … ── parked ─────── answer, answer ─ on ─────── …
 */
import { copyBytes } from '../base/bytes.ts';
import type { KeysTogether, ValueImage } from '../commands/context.ts';
import { Arguments } from '../protocol/arguments.ts';
import { ReplyBuffer, type ReplyWriter } from '../protocol/reply-writer.ts';
import { Mailbox, OtherShardGone } from '../ring/mailbox.ts';
import { type Keyspace, OutOfMemory } from '../store/keyspace.ts';
import type { Blocking } from './blocking.ts';
import type { ChangeNotices } from './change-notices.ts';
import { type KeyPlace, readImage, removeKey, renameHere, typeAt, writeImage } from './value-images.ts';

/**
 * Calls and answers, little-endian:
 *
 *   call    byte  0  operation, byte 1 database, byte 2 FLAG_ bits, byte 3 type of the value
 *           byte  4  u32 seeded hash of the key, byte 8 u32 length of the key
 *           byte 16  f64 the executor's time in ms, byte 24 f64 expiry of the value in ms or NO_EXPIRY
 *           byte 32  key, value
 *   RUN     byte  0  operation, byte 1 database, byte 2 FLAG_ bits
 *           byte  4  u32 number of the command, byte 8 u32 number k of words, its name left out
 *           byte 16  f64 the executor's time in ms
 *           byte 32  k × u32 length of the word, then the words
 *   WAIT    as RUN; byte 24 f64 ticket of the client that is to wait (see blocking.ts)
 *   CHANGES byte  0  operation; the answer is what ChangeNotices.takeEncoded returns
 *   answer  byte  0  outcome, byte 1 type, byte 2 FLAG_RAW, byte 8 f64 expiry, byte 16 value, or the reply
 */
const CALL_HEADER_BYTES = 32;
const ANSWER_HEADER_BYTES = 16;
const READ = 0;
const TYPE = 1;
const WRITE = 2;
const REMOVE = 3;
const RUN = 4;
const WAIT = 5;
/** Asks for what the shard has to tell of changes (see change-notices.ts). */
const CHANGES = 6;
const FLAG_RAW = 1;
const FLAG_COUNTS_LOOKUPS = 2;
const FLAG_TOUCHING = 4;
/** The command that is to be run counts, and answers in RESP3. */
const FLAG_COUNTED = 8;
const FLAG_RESP3 = 16;
/** It is a command of a transaction: out of memory is an answer. */
const FLAG_STEP = 32;
const ABSENT = 0;
const PRESENT = 1;
const OUT_OF_MEMORY = 2;
const NO_BYTES = new Uint8Array(0);
/** How long a write that finds no memory may wait for entries to be moved together. */
export const COMPACTION_MS_MAX = 20;

/** What this needs of the shard that it is part of. */
export interface TogetherHost {
  readonly keyspace: Keyspace;
  readonly args: Arguments;
  readonly db: number;
  readonly changes: ChangeNotices;
  now(): number;
  /** A parked shard lives in the executor's time, so that all keys expire at one instant. */
  setTime(nowMs: number): void;
  hashOf(word: number): number;
  /** The shard that owns the key in word `word`. */
  shardOf(word: number): number;
  shardOfKey(key: Uint8Array): number;
  idOf(name: string): number;
  /** See Executor. */
  readonly waiting: Pick<Blocking, 'register'>;
  runInner(id: number, db: number, args: Arguments, resp?: 2 | 3): Uint8Array;
  runStep(id: number, db: number, args: Arguments, reply: ReplyWriter, isCounted: boolean): number;
}

export class Together implements KeysTogether {
  readonly #host: TogetherHost;
  readonly #self: number;
  readonly #mailboxes: readonly Mailbox[];

  /** `mailboxes` has one for each shard; `self` is this shard's number. */
  constructor(host: TogetherHost, self: number, mailboxes: readonly SharedArrayBuffer[]) {
    this.#host = host;
    this.#self = self;
    this.#mailboxes = mailboxes.map((memory) => new Mailbox(memory));
  }

  // As executor

  /**
   * Waits until all of `shards` are parked for `transaction`. Throws OtherShardGone when one of them has died; the
   * others are parked then, and must be told to go on.
   */
  begin(transaction: number, shards: Iterable<number>): void {
    let areThere = true;
    for (const shard of shards) areThere = this.#mailboxes[shard]!.awaitParked(transaction) && areThere;
    if (!areThere) throw new OtherShardGone();
  }

  /** Lets them go on. */
  end(shards: Iterable<number>): void {
    for (const shard of shards) this.#mailboxes[shard]!.release();
  }

  read(word: number, db = this.#host.db): ValueImage | undefined {
    const shard = this.#host.shardOf(word);
    if (shard === this.#self) return readImage(this.#host.keyspace, this.#place(word, db));
    const answer = this.#call(shard, READ, word, db);
    if (answer[0] === ABSENT) return undefined;
    return {
      type: answer[1]!,
      isRaw: answer[2] === FLAG_RAW,
      expiresAt: new DataView(answer.buffer).getFloat64(8, true),
      bytes: answer.subarray(ANSWER_HEADER_BYTES),
    };
  }

  typeOf(word: number, db = this.#host.db): number | undefined {
    const shard = this.#host.shardOf(word);
    if (shard === this.#self) return typeAt(this.#host.keyspace, this.#place(word, db));
    const answer = this.#call(shard, TYPE, word, db);
    return answer[0] === ABSENT ? undefined : answer[1]!;
  }

  write(word: number, image: ValueImage, db = this.#host.db): void {
    const shard = this.#host.shardOf(word);
    if (shard === this.#self) writeImage(this.#host.keyspace, this.#place(word, db), image);
    else if (this.#call(shard, WRITE, word, db, image)[0] === OUT_OF_MEMORY) throw new OutOfMemory();
  }

  remove(word: number, db = this.#host.db): boolean {
    const shard = this.#host.shardOf(word);
    if (shard === this.#self) return removeKey(this.#host.keyspace, this.#place(word, db));
    return this.#call(shard, REMOVE, word, db)[0] === PRESENT;
  }

  rename(word: number, newWord: number): boolean {
    const host = this.#host;
    if (host.shardOf(word) !== this.#self || host.shardOf(newWord) !== this.#self) return false;
    return renameHere(host.keyspace, this.#place(word, host.db), this.#place(newWord, host.db));
  }

  run(name: string, ...words: readonly Uint8Array[]): Uint8Array {
    return this.#runOn(this.#host.shardOfKey(words[0]!), name, words, 2);
  }

  runAt(word: number, name: string, words: readonly Uint8Array[], resp: 2 | 3): Uint8Array {
    return this.#runOn(this.#host.shardOf(word), name, words, resp);
  }

  #runOn(shard: number, name: string, words: readonly Uint8Array[], resp: 2 | 3): Uint8Array {
    const host = this.#host;
    const id = host.idOf(name);
    const args = new Arguments();
    args.setWords([NO_BYTES, ...words]);
    if (shard === this.#self) return host.runInner(id, host.db, args, resp);
    const answer = this.#callRun(shard, id, host.db, args, resp === 3 ? FLAG_RESP3 : 0);
    if (answer[0] === OUT_OF_MEMORY) throw new OutOfMemory();
    return answer.subarray(ANSWER_HEADER_BYTES);
  }

  /**
   * Has `shard`, which is held, run a command of a transaction; `args` are its words, the name left out. Returns the reply.
   */
  runStep(
    shard: number,
    id: number,
    db: number,
    args: Arguments,
    resp: 2 | 3,
    isCounted: boolean,
  ): Uint8Array {
    const flags = FLAG_STEP | (isCounted ? FLAG_COUNTED : 0) | (resp === 3 ? FLAG_RESP3 : 0);
    return this.#callRun(shard, id, db, args, flags).subarray(ANSWER_HEADER_BYTES);
  }

  /** Lets the client of the command `id`, which runs now, wait on `shard`, which is held. */
  wait(shard: number, ticket: number, id: number, resp: 2 | 3): void {
    const { db, args } = this.#host;
    this.#callRun(shard, id, db, args, resp === 3 ? FLAG_RESP3 : 0, WAIT, ticket);
  }

  /** Has `shard`, which is held, run a command that does not count. Returns the reply, in RESP2. */
  runInnerOn(shard: number, id: number, db: number, args: Arguments): Uint8Array {
    return this.#callRun(shard, id, db, args, 0).subarray(ANSWER_HEADER_BYTES);
  }

  #callRun(
    shard: number,
    id: number,
    db: number,
    args: Arguments,
    flags: number,
    operation = RUN,
    ticket = 0,
  ): Uint8Array {
    const words = args.count - 1;
    let size = CALL_HEADER_BYTES + words * 4;
    for (let i = 1; i <= words; i++) size += args.length(i);
    const message = new Uint8Array(size);
    const view = new DataView(message.buffer);
    message[0] = operation;
    message[1] = db;
    message[2] = flags | (this.#host.keyspace.touching ? FLAG_TOUCHING : 0);
    view.setUint32(4, id, true);
    view.setUint32(8, words, true);
    view.setFloat64(16, this.#host.now(), true);
    view.setFloat64(24, ticket, true);
    let at = CALL_HEADER_BYTES + words * 4;
    for (let i = 1; i <= words; i++) {
      view.setUint32(CALL_HEADER_BYTES + (i - 1) * 4, args.length(i), true);
      at = copyBytes(args.bytes, args.starts[i]!, args.ends[i]!, message, at);
    }
    return this.#callAndHear(shard, message);
  }

  #place(word: number, db: number): KeyPlace {
    const { args } = this.#host;
    const hash = this.#host.hashOf(word);
    return { db, bytes: args.bytes, start: args.starts[word]!, end: args.ends[word]!, hash };
  }

  #call(shard: number, operation: number, word: number, db: number, image?: ValueImage): Uint8Array {
    const { args, keyspace } = this.#host;
    const keyBytes = args.length(word);
    const message = new Uint8Array(CALL_HEADER_BYTES + keyBytes + (image?.bytes.length ?? 0));
    const view = new DataView(message.buffer);
    message[0] = operation;
    message[1] = db;
    message[2] =
      (image?.isRaw ? FLAG_RAW : 0) |
      (keyspace.countsLookups ? FLAG_COUNTS_LOOKUPS : 0) |
      (keyspace.touching ? FLAG_TOUCHING : 0);
    view.setUint32(4, this.#host.hashOf(word) >>> 0, true);
    view.setUint32(8, keyBytes, true);
    view.setFloat64(16, this.#host.now(), true);
    message.set(args.bytes.subarray(args.starts[word]!, args.ends[word]!), CALL_HEADER_BYTES);
    if (image !== undefined) {
      message[3] = image.type;
      view.setFloat64(24, image.expiresAt, true);
      message.set(image.bytes, CALL_HEADER_BYTES + keyBytes);
    }
    return this.#callAndHear(shard, message);
  }

  /**
   * What the call changes on the other shard is told here, in the order of the changes and before the command is answered: what
   * that shard tells by its own lane may come later than the answer.
   */
  #callAndHear(shard: number, message: Uint8Array): Uint8Array {
    const { changes } = this.#host;
    const mailbox = this.#mailboxes[shard]!;
    const answer = mailbox.call(message);
    if (changes.isListening || changes.eventClasses !== 0) {
      changes.takeOver(mailbox.call(Uint8Array.of(CHANGES)));
    }
    return answer;
  }

  // As a held shard

  /** Parks this shard for `transaction` until its executor, a shard's number, releases it or has died. */
  park(transaction: number, executor: number): void {
    const caller = this.#mailboxes[executor]!;
    this.#mailboxes[this.#self]!.park(transaction, (message) => this.#serve(message), caller);
  }

  #serve(message: Uint8Array): Uint8Array {
    const { keyspace, changes } = this.#host;
    if (message[0] === CHANGES) return changes.takeEncoded();
    const view = new DataView(message.buffer);
    const flags = message[2]!;
    if (message[0] === RUN || message[0] === WAIT) return this.#serveRun(message, view, flags);
    const end = CALL_HEADER_BYTES + view.getUint32(8, true);
    const place: KeyPlace = {
      db: message[1]!,
      bytes: message,
      start: CALL_HEADER_BYTES,
      end,
      hash: view.getInt32(4, true),
    };
    this.#host.setTime(view.getFloat64(16, true));
    keyspace.countsLookups = (flags & FLAG_COUNTS_LOOKUPS) !== 0;
    keyspace.touching = (flags & FLAG_TOUCHING) !== 0;
    switch (message[0]) {
      case READ:
        return answerImage(readImage(keyspace, place));
      case TYPE: {
        const type = typeAt(keyspace, place);
        return type === undefined ? answer(ABSENT) : answer(PRESENT, type);
      }
      case WRITE:
        return this.#writeOrRefuse(place, {
          type: message[3]!,
          bytes: message.subarray(end),
          expiresAt: view.getFloat64(24, true),
          isRaw: (flags & FLAG_RAW) !== 0,
        });
      default:
        return answer(removeKey(keyspace, place) ? PRESENT : ABSENT);
    }
  }

  #serveRun(message: Uint8Array, view: DataView, flags: number): Uint8Array {
    const host = this.#host;
    host.setTime(view.getFloat64(16, true));
    host.keyspace.touching = (flags & FLAG_TOUCHING) !== 0;
    const id = view.getUint32(4, true);
    const args = new Arguments();
    args.count = view.getUint32(8, true) + 1;
    args.ensureCapacity(args.count);
    args.bytes = message;
    let at = CALL_HEADER_BYTES + (args.count - 1) * 4;
    for (let i = 1; i < args.count; i++) {
      args.starts[i] = at;
      at += view.getUint32(CALL_HEADER_BYTES + (i - 1) * 4, true);
      args.ends[i] = at;
    }
    if (message[0] === WAIT) {
      host.waiting.register(
        view.getFloat64(24, true),
        id,
        message[1]!,
        args,
        (flags & FLAG_RESP3) !== 0 ? 3 : 2,
      );
      return answer(PRESENT);
    }
    const buffer = new ReplyBuffer();
    buffer.writer.raw(answer(PRESENT));
    if ((flags & FLAG_STEP) !== 0) {
      buffer.writer.resp = (flags & FLAG_RESP3) !== 0 ? 3 : 2;
      host.runStep(id, message[1]!, args, buffer.writer, (flags & FLAG_COUNTED) !== 0);
      return buffer.take();
    }
    try {
      const resp = (flags & FLAG_RESP3) !== 0 ? 3 : 2;
      buffer.writer.raw(host.runInner(id, message[1]!, args, resp));
    } catch (error) {
      if (!(error instanceof OutOfMemory)) throw error;
      return answer(OUT_OF_MEMORY);
    }
    return buffer.take();
  }

  #writeOrRefuse(place: KeyPlace, image: ValueImage): Uint8Array {
    const { keyspace } = this.#host;
    // Once more after entries were moved together, as with a command of the shard's own.
    for (const isLastTry of [false, true]) {
      try {
        writeImage(keyspace, place, image);
        return answer(PRESENT);
      } catch (error) {
        if (!(error instanceof OutOfMemory)) throw error;
        if (isLastTry || keyspace.compact(COMPACTION_MS_MAX) === 0) break;
      }
    }
    return answer(OUT_OF_MEMORY);
  }
}

function answer(outcome: number, type = 0, valueBytes = 0): Uint8Array {
  const bytes = new Uint8Array(ANSWER_HEADER_BYTES + valueBytes);
  bytes[0] = outcome;
  bytes[1] = type;
  return bytes;
}

function answerImage(image: ValueImage | undefined): Uint8Array {
  if (image === undefined) return answer(ABSENT);
  const bytes = answer(PRESENT, image.type, image.bytes.length);
  bytes[2] = image.isRaw ? FLAG_RAW : 0;
  new DataView(bytes.buffer).setFloat64(8, image.expiresAt, true);
  bytes.set(image.bytes, ANSWER_HEADER_BYTES);
  return bytes;
}
