/**
 * A shard: one thread that owns a part of the keys. A plain synchronous loop:
 *
 *   sleep on the request lane → drain a batch → execute it → publish its replies with one wake-up
 *
 * Nothing here waits for anything but the lanes, so every command sees the memory alone and whole. Work in the
 * background (active expiry) runs in short slices between batches. The control lane is read after the head of
 * the request lane: what the acceptor sent by control before a request is in force when the request runs.
 */
import { slotOf } from '../base/crc16.ts';
import { CommandTable } from '../commands/table.ts';
import { ErrorTally } from '../protocol/error-tally.ts';
import { CommandStatistics } from '../ring/command-statistics.ts';
import { CommandTimer } from '../ring/command-timer.ts';
import { ErrorStatistics } from '../ring/error-statistics.ts';
import { LaneConsumer, LaneProducer } from '../ring/lane.ts';
import { FRAME_HEADER_BYTES } from '../ring/layout.ts';
import type { ControlMessage, ShardSetup } from '../ring/messages.ts';
import { ShardStatistics } from '../ring/shard-statistics.ts';
import { WakeWord } from '../ring/wake-word.ts';
import { Keyspace } from '../store/keyspace.ts';
import { ChangeNotices } from './change-notices.ts';
import { ShardClock } from './clock.ts';
import { setCollectionOption, setCollectionOptions } from './collection-options.ts';
import { DefragPace, setDefragOption, setDefragOptions } from './defrag-pace.ts';
import { Durability } from './durability.ts';
import { EvictionOptions } from './eviction-options.ts';
import { Executor } from './executor.ts';
import { ExpiryPace } from './expiry-pace.ts';
import { Figures } from './figures.ts';
import { HeapRoom } from './heap-room.ts';
import { type Loader, LoadRefused, loadAll, tellLoading, tellServing } from './loading.ts';
import { MeasuringOptions } from './measuring-options.ts';
import { MemoryRoom } from './memory-room.ts';
import { RunReplies } from './run-replies.ts';

/** Requests are taken from the lane, and their room is given back, so many at a time. */
const GROUP_REQUESTS = 32;
/** After so much of a request lane the replies so far are published. */
const BATCH_PART = 1 / 2;
/** The longest sleep: bounds how long a lost wake-up could go unnoticed. */
const SLEEP_MS_MAX = 1000;
/** A slice of giving memory of collections back. */
const DISPOSAL_MS = 0.5;

export class Shard {
  /** Nothing but the result of loads whose only purpose is to be made: see `#takeGroup`. */
  touched = 0;
  readonly #setup: ShardSetup;
  readonly #clock = new ShardClock();
  readonly #keyspace: Keyspace;
  readonly #requests: LaneConsumer;
  readonly #control: LaneConsumer;
  readonly #replies: RunReplies;
  readonly #executor: Executor;
  readonly #timer: CommandTimer;
  readonly #measuring: MeasuringOptions;
  readonly #eviction: EvictionOptions;
  readonly #expiry: ExpiryPace;
  readonly #defrag: DefragPace;
  readonly #room: MemoryRoom;
  readonly #figures: Figures;
  readonly #durability: Durability;
  readonly #heap: HeapRoom;
  readonly #changes: ChangeNotices;
  /** Where the requests of the current group begin in the lane. */
  readonly #group = new Int32Array(GROUP_REQUESTS);
  #isStopping = false;

  constructor(setup: ShardSetup) {
    this.#setup = setup;
    const { options } = setup;
    this.#requests = new LaneConsumer(setup.requests);
    this.#control = new LaneConsumer(setup.control);
    const wake = new WakeWord(setup.wake);
    this.#replies = new RunReplies(new LaneProducer(setup.replies), wake, () => this.#durability.commit());
    const statistics = new CommandStatistics(setup.commandStatistics);
    const commands = new CommandTable().all;
    const tally = new ErrorTally();
    this.#timer = new CommandTimer(
      statistics,
      Float64Array.from(commands, ({ constantWords }) => constantWords),
      (id, ns) => this.#executor.note(id, ns),
    );
    this.#keyspace = this.#makeKeyspace(setup);
    this.#eviction = new EvictionOptions(this.#keyspace, options);
    this.#changes = new ChangeNotices(this.#keyspace, setup.tracking, options['notify-keyspace-events']);
    this.#expiry = new ExpiryPace(
      this.#keyspace,
      setup.databases,
      options.hz,
      options['active-expire-effort'],
    );
    this.#defrag = new DefragPace(this.#keyspace, this.#requests);
    setDefragOptions(this.#defrag, options, setup.shards);
    this.#room = this.#makeRoom(setup);
    this.#measuring = new MeasuringOptions(this.#timer, statistics, this.#expiry, this.#room, options);
    this.#durability = this.#makeDurability(setup, wake);
    this.#heap = new HeapRoom({ collectionBytes: () => this.#keyspace.objects.bytes });
    this.#figures = new Figures({
      keyspace: this.#keyspace,
      databases: setup.databases,
      expiry: this.#expiry,
      defrag: this.#defrag,
      room: this.#room,
      tally,
      statistics: new ShardStatistics(setup.statistics),
      errors: new ErrorStatistics(setup.errorStatistics),
      durability: this.#durability,
      heap: this.#heap,
      waitingClients: () => this.#executor.waiting.clientCount,
    });
    this.#executor = new Executor({
      setup,
      clock: this.#clock,
      keyspace: this.#keyspace,
      requests: this.#requests,
      replies: this.#replies,
      commands,
      statistics,
      timer: this.#timer,
      tally,
      expiry: this.#expiry,
      durability: this.#durability,
      figures: this.#figures,
      room: this.#room,
      changes: this.#changes,
      heap: this.#heap,
      publish: () => this.#publish(),
    });
    this.#figures.publish();
  }

  #makeDurability(setup: ShardSetup, wake: WakeWord): Durability {
    const slots = new Uint16Array(setup.slots);
    return new Durability({
      shard: setup.index,
      shards: setup.shards,
      keyspace: this.#keyspace,
      setup: setup.persistence,
      owns: (bytes, start, end) => slots[slotOf(bytes, start, end)] === setup.index,
      now: () => this.#clock.nowMs,
      activity: () => wake.activity,
      progressed: (loader) => tellLoading(setup.port, loader),
      report: (message) => setup.port.postMessage(message),
    });
  }

  #makeRoom({ ledger, index, options }: ShardSetup): MemoryRoom {
    const room = new MemoryRoom({
      ledger,
      shard: index,
      keyspace: this.#keyspace,
      canWrite: () => this.#durability.refusal(0) === undefined,
      // No command's doing.
      evicted: () => {
        if (this.#changes.hasPending) this.#replies.notices(this.#changes.take(false));
      },
    });
    room.set('maxmemory-eviction-tenacity', options['maxmemory-eviction-tenacity']);
    return room;
  }

  #makeKeyspace({ databases, seed, port, options }: ShardSetup): Keyspace {
    const keyspace = new Keyspace({
      databases,
      seed,
      now: () => this.#clock.nowMs,
      onShare: (message) => port.postMessage(message),
      onExpired: (db, ref) => {
        this.#figures.expiring(ref);
        this.#changes.expiring(db, ref);
      },
      onEvicted: (db, ref) => {
        this.#figures.uses(db);
        this.#changes.evicting(db, ref);
      },
      onFieldsExpired: (db, ref, isAll) => this.#changes.fieldsExpiring(db, ref, isAll),
    });
    setCollectionOptions(keyspace, options);
    for (const message of keyspace.share()) port.postMessage(message);
    return keyspace;
  }

  /** Loads what is on disk; then serves until a control message says to stop. */
  run(): void {
    try {
      this.#serve();
    } catch (error) {
      this.#durability.abandon();
      if (!(error instanceof LoadRefused)) throw error;
    }
  }

  #serve(): void {
    this.#durability.listener = this.#changes;
    const loader = this.#durability.loader();
    if (this.#setup.persistence.load.from === 'nothing') loader.step(Infinity);
    else this.#load(loader);
    if (!this.#isStopping) tellServing(this.#setup.port);
    while (!this.#isStopping) {
      if (this.#requests.refresh()) {
        this.#readControl();
        this.#drain();
      } else {
        this.#readControl();
      }
      this.#background();
      if (!this.#requests.hasFrames && !this.#isStopping) this.#sleep();
    }
    this.#replies.publish();
    this.#durability.close();
  }

  #load(loader: Loader): void {
    loadAll(loader, this.#setup.port, () => {
      this.#readControl();
      this.#clock.update();
      this.#figures.usesAll();
      this.#room.publish();
      this.#figures.publish();
      return !this.#isStopping;
    });
  }

  #sleep(): void {
    this.#requests.announceSleep();
    if (this.#requests.hasFrames || this.#control.hasFrames) {
      this.#requests.lowerSleep();
      return;
    }
    const now = Date.now();
    const hasWork = this.#keyspace.objects.retired > 0;
    const due = hasWork
      ? 0
      : Math.min(
          SLEEP_MS_MAX,
          this.#expiry.msUntilDue(now),
          this.#durability.msUntilDue(now),
          this.#defrag.msUntilDue(now),
          this.#room.msUntilDue(),
        );
    if (due > 0) this.#requests.sleep(due);
    else this.#requests.lowerSleep();
  }

  #background(): void {
    const now = Date.now();
    if (this.#durability.msUntilDue(now) <= 0) this.#durability.background();
    if (this.#keyspace.objects.retired > 0) this.#keyspace.objects.dispose(DISPOSAL_MS);
    if (this.#defrag.msUntilDue(now) <= 0) this.#defrag.run(now);
    if (this.#room.msUntilDue() <= 0) {
      this.#clock.nowMs = now;
      if (this.#room.slice()) this.#publish();
    }
    this.#heap.background(now);
    if (this.#expiry.msUntilDue(now) > 0) return;
    this.#clock.nowMs = now;
    this.#expiry.run(now);
    if (this.#changes.hasPending) this.#executor.tellChanges();
    // Some wait for keys that must not go.
    if (this.#executor.waiting.needsCare) this.#executor.serveWaiting();
    this.#figures.usesAll();
    this.#room.countKeys();
    this.#publish();
  }

  #drain(): void {
    const requests = this.#requests;
    this.#clock.update();
    let unpublishedBytes = 0;
    for (;;) {
      this.#room.refresh();
      const count = this.#takeGroup();
      for (let i = 0; i < count; i++) this.#executor.execute(this.#group[i]!);
      // Before their memory is given back: a slow command's words are still needed.
      this.#timer.flush();
      unpublishedBytes += requests.unreleasedBytes;
      requests.release();
      if (count < GROUP_REQUESTS) break;
      // A long batch is answered in parts, so that the acceptor refills the lane while the shard goes on.
      if (unpublishedBytes >= requests.capacity * BATCH_PART) {
        this.#publish();
        unpublishedBytes = 0;
      }
    }
    this.#timer.pause();
    this.#replies.endRun();
    this.#publish();
  }

  /** Figures first: whoever has read a reply finds them up to date. And before them, what is answered must be safe. */
  #publish(): void {
    this.#durability.commit();
    this.#room.publish();
    this.#heap.note();
    this.#figures.publish();
    this.#replies.publish();
  }

  /**
   * Takes the next requests, and touches the memory that each will need. Looked up one after the other, every key
   * costs the wait for two or three cache misses; the touches of a group do not depend on each other, so the
   * processor waits for all of them at once. (Valkey 8 prefetches for batches of commands in the same way.)
   */
  #takeGroup(): number {
    const requests = this.#requests;
    const words = requests.words;
    let count = 0;
    while (count < GROUP_REQUESTS) {
      const offset = requests.next();
      if (offset < 0) break;
      this.#group[count++] = offset;
    }
    if (count < 2) return count;
    let touched = 0;
    for (let i = 0; i < count; i++) {
      const at = this.#group[i]! >> 2;
      touched ^= this.#keyspace.warm((words[at + 1]! >>> 16) & 0xff, words[at + 2]!);
    }
    // Kept, so that the loads above are not found useless and left out.
    this.touched = touched;
    return count;
  }

  #readControl(): void {
    if (!this.#control.refresh()) return;
    for (;;) {
      const offset = this.#control.next();
      if (offset < 0) break;
      const start = offset + FRAME_HEADER_BYTES;
      const end = offset + this.#control.frameBytes;
      const text = Buffer.from(this.#control.bytes.slice(start, end)).toString('utf8');
      this.#apply(JSON.parse(text) as ControlMessage);
    }
    this.#control.release();
  }

  #apply(message: ControlMessage): void {
    this.#durability.apply(message);
    switch (message.kind) {
      case 'reload':
        if (!this.#changes.isListening) break;
        this.#changes.flushed();
        this.#executor.tellChanges();
        this.#publish();
        break;
      case 'shutdown':
        this.#isStopping = true;
        break;
      case 'option':
        if (message.name === 'proto-max-bulk-len') this.#executor.stringBytesMax = Number(message.value);
        if (message.name === 'hz') this.#expiry.hz = Number(message.value);
        if (message.name === 'active-expire-effort') this.#expiry.effort = Number(message.value);
        this.#changes.set(message.name, message.value);
        this.#measuring.set(message.name, message.value);
        this.#eviction.set(message.name, message.value);
        this.#room.set(message.name, message.value);
        setCollectionOption(this.#keyspace, message.name, message.value);
        setDefragOption(this.#defrag, message.name, message.value, this.#setup.shards);
        break;
    }
  }
}
