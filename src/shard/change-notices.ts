/**
 * What a shard tells the acceptor of changes of its keys: which keys have changed, for client-side caching (see
 * ring/tracking-board.ts), and events of the keyspace, for who listens to them.
 *
 * It is kept until the command that made the changes has ended, and then goes into the reply lane together with the command's
 * reply: nobody who has got the reply, or has heard of it, finds a cache that is stale.
 */
import { hashBytes } from '../base/hash.ts';
import { EVENT, eventClassesOf } from '../commands/keyspace-events.ts';
import { decodeNotice, encodeNotice, NOTICE, NOTICE_PARTS_MAX, type Notice } from '../ring/notices.ts';
import { TrackingBoard } from '../ring/tracking-board.ts';
import type { Journal } from '../store/journal.ts';
import type { Keyspace } from '../store/keyspace.ts';

/** The key of an entry that was about to go. */
interface Removal {
  readonly key: Uint8Array;
  readonly hasExpired: boolean;
}

export class ChangeNotices implements Journal {
  /** There is something to be told. */
  hasPending = false;
  #eventClasses = 0;
  readonly #keyspace: Keyspace;
  readonly #board: TrackingBoard;
  /** Keys that commands have changed, and those whose time had come. */
  #changed: Uint8Array[] = [];
  #expired: Uint8Array[] = [];
  #removed: Removal[] = [];
  #isFlushed = false;
  #events: Notice[] = [];
  #isExpiring = false;

  /** `board` is the memory of ring/tracking-board.ts, `events` the value of `notify-keyspace-events`. */
  constructor(keyspace: Keyspace, board: SharedArrayBuffer, events: string) {
    this.#keyspace = keyspace;
    this.#board = new TrackingBoard(board);
    this.#listenTo(eventClassesOf(events));
  }

  /** Which events of the keyspace somebody listens to: EVENT bits. */
  get eventClasses(): number {
    return this.#eventClasses;
  }

  /** Any option but the one about events is none of this one's business. */
  set(name: string, value: unknown): void {
    if (name === 'notify-keyspace-events') this.#listenTo(eventClassesOf(String(value)));
  }

  #listenTo(classes: number): void {
    const keyspace = this.#keyspace;
    this.#eventClasses = classes;
    const wants = (eventClass: number) => (classes & eventClass) !== 0;
    keyspace.onCreated = wants(EVENT.newKey) ? (db, ref) => this.eventAt(db, 'new', ref) : undefined;
    keyspace.onMissed = wants(EVENT.keyMiss) ? (db, key) => this.event(db, 'keymiss', key) : undefined;
  }

  /** Whether changes must be told to this journal. */
  get isListening(): boolean {
    return this.#board.isOn;
  }

  // As a journal

  stored(_db: number, ref: number): void {
    this.#noteChange(ref);
  }

  patched(_db: number, ref: number): void {
    this.#noteChange(ref);
  }

  changed(_db: number, ref: number): void {
    this.#noteChange(ref);
  }

  expiryChanged(_db: number, ref: number): void {
    this.#noteChange(ref);
  }

  removed(_db: number, ref: number): void {
    // The entry is there still: whether anybody has read it is asked when it has gone.
    this.#removed.push({ key: this.#keyOf(ref), hasExpired: this.#isExpiring });
    this.#isExpiring = false;
    this.hasPending = true;
  }

  flushed(): void {
    this.#isFlushed = true;
    this.hasPending = true;
  }

  swapped(): void {
    this.flushed();
  }

  /** The entry's time has come; its removal comes next. */
  expiring(db: number, ref: number): void {
    this.#isExpiring = this.isListening;
    if ((this.#eventClasses & EVENT.expired) !== 0) this.eventAt(db, 'expired', ref);
  }

  /** The entry is about to go to make room; its removal comes next. */
  evicting(db: number, ref: number): void {
    if ((this.#eventClasses & EVENT.evicted) !== 0) this.eventAt(db, 'evicted', ref);
  }

  /** Fields of a hash are about to go because their time has come; `isAll`: the hash with them. */
  fieldsExpiring(db: number, ref: number, isAll: boolean): void {
    if ((this.#eventClasses & EVENT.hash) !== 0) this.eventAt(db, 'hexpired', ref);
    if (isAll && (this.#eventClasses & EVENT.generic) !== 0) this.eventAt(db, 'del', ref);
  }

  #noteChange(ref: number): void {
    const keyspace = this.#keyspace;
    const start = keyspace.keyStart(ref);
    const hash = hashBytes(keyspace.bytesOf(ref), start, start + keyspace.keyLength(ref), keyspace.seed);
    if (!this.#board.wants(hash)) return;
    this.#changed.push(this.#keyOf(ref));
    this.hasPending = true;
  }

  #keyOf(ref: number): Uint8Array {
    const start = this.#keyspace.keyStart(ref);
    return this.#keyspace.bytesOf(ref).slice(start, start + this.#keyspace.keyLength(ref));
  }

  // Events

  event(db: number, event: string, key: Uint8Array): void {
    this.#events.push({ kind: NOTICE.event, db, number: 0, parts: [Buffer.from(event, 'latin1'), key] });
    this.hasPending = true;
  }

  eventAt(db: number, event: string, ref: number): void {
    this.event(db, event, this.#keyOf(ref));
  }

  // Telling

  /** Takes all that is to be told out. `isInRun`: a command has made the changes, and its run is open. */
  take(isInRun: boolean): Notice[] {
    const notices: Notice[] = [];
    if (!this.hasPending) return notices;
    for (const { key, hasExpired } of this.#removed) {
      if (!this.#board.wants(hashBytes(key, 0, key.length, this.#keyspace.seed))) continue;
      (hasExpired ? this.#expired : this.#changed).push(key);
    }
    if (this.#isFlushed) notices.push({ kind: NOTICE.flushed, db: 0, number: 0, parts: [] });
    addKeys(notices, this.#changed, isInRun ? 1 : 0);
    addKeys(notices, this.#expired, 0);
    for (const event of this.#events) notices.push(event);
    this.#changed = [];
    this.#expired = [];
    this.#removed = [];
    this.#isFlushed = false;
    this.#events = [];
    this.hasPending = false;
    return notices;
  }

  /** The same as bytes, for the shard that executes a command for which this one is held. */
  takeEncoded(): Uint8Array {
    const pieces = this.take(true).map(encodeNotice);
    const bytes = new Uint8Array(pieces.reduce((sum, piece) => sum + 4 + piece.length, 0));
    const view = new DataView(bytes.buffer);
    let at = 0;
    for (const piece of pieces) {
      view.setUint32(at, piece.length, true);
      bytes.set(piece, at + 4);
      at += 4 + piece.length;
    }
    return bytes;
  }

  /** Takes over what another shard has to tell: `takeEncoded` there. */
  takeOver(bytes: Uint8Array): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let at = 0; at < bytes.length; ) {
      const length = view.getUint32(at, true);
      const notice = decodeNotice(bytes.subarray(at + 4, at + 4 + length));
      at += 4 + length;
      if (notice.kind === NOTICE.event) this.#events.push(notice);
      else if (notice.kind === NOTICE.flushed) this.#isFlushed = true;
      else (notice.number === 1 ? this.#changed : this.#expired).push(...notice.parts);
      this.hasPending = true;
    }
  }
}

function addKeys(notices: Notice[], keys: readonly Uint8Array[], number: number): void {
  for (let from = 0; from < keys.length; from += NOTICE_PARTS_MAX) {
    const parts = keys.slice(from, from + NOTICE_PARTS_MAX);
    notices.push({ kind: NOTICE.changed, db: 0, number, parts });
  }
}
