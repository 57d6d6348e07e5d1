/**
 * Reading keys straight from the shards' memory (see store/view.ts), without a hop to their threads.
 *
 * A command may be answered so only when nothing of its connection is still on its way, because it would overtake
 * it; that is the dispatcher's to know. Here it is checked that the answer is right: the entry did not change while it was
 * copied, and nobody sees one half of a command that writes several keys.
 */
import type { Command } from '../commands/table.ts';
import type { Config } from '../config/config.ts';
import type { Arguments } from '../protocol/arguments.ts';
import type { ReplyBuffer } from '../protocol/reply-writer.ts';
import type { CommandStatistics } from '../ring/command-statistics.ts';
import type { Connection } from './connection.ts';
import type { Router } from './router.ts';
import type { ShardLink } from './shard-link.ts';

/** How often a direct read is tried before the command takes the lane. */
const TRIES = 3;
/** What a direct handler may write besides the value. */
const ROOM_BESIDES_VALUE = 64;
/** Longer values are better streamed by the shard than copied in one go between two version checks. */
const VALUE_BYTES_MAX = 1024 * 1024;
/** A shard whose entries are all smaller is not asked for the size of one. */
const SMALL_ENTRY_BYTES = 2 * 1024;

const UNSURE = -1;

export class DirectReader {
  /** The option `direct-reads`. */
  isEnabled = true;
  /** What is read must be safe on the disk: a shard with requests under way may have changes that are not yet. */
  readsOnlySynced = false;
  readonly #router: Router;
  readonly #statistics: CommandStatistics;
  #nowMs = 0;

  constructor(router: Router, statistics: CommandStatistics) {
    this.#router = router;
    this.#statistics = statistics;
  }

  follow(config: Config): void {
    const follow = () => {
      // Those that find nothing are events, which shards tell of.
      const toldOfMisses = config.get('notify-keyspace-events').includes('m');
      this.isEnabled = config.get('direct-reads') && !toldOfMisses;
      this.readsOnlySynced = config.get('appendonly') && config.get('appendfsync') === 'always';
    };
    follow();
    config.onChange(['direct-reads', 'appendonly', 'appendfsync', 'notify-keyspace-events'], follow);
  }

  /** Sets the time that decides which keys have expired; to be called at least once a turn. */
  setTime(nowMs: number): void {
    if (nowMs === this.#nowMs) return;
    this.#nowMs = nowMs;
    for (const { view } of this.#router.links) {
      view.nowMs = nowMs;
      view.clockSeconds = Math.floor(nowMs / 1000);
    }
  }

  /** Answers a command on one key, word `command.keyIndex`. False: it must take the lane, nothing is written. */
  read(connection: Connection, command: Command, link: ShardLink, args: Arguments, hash: number): boolean {
    if (!this.isEnabled || link.isGuarded || (this.readsOnlySynced && link.isBusy)) return false;
    if (link.guardedKeys.size > 0 && link.guardedKeys.has(hash)) return false;
    const { epoch } = link;
    if ((epoch & 1) !== 0) return false;
    const { view } = link;
    const { reply } = connection;
    const start = args.starts[command.keyIndex]!;
    const end = args.ends[command.keyIndex]!;
    reply.resp = connection.resp;
    for (let left = TRIES; left > 0; left--) {
      const found = view.locate(connection.db, args.bytes, start, end, hash);
      if (found < 0) continue;
      let room = ROOM_BESIDES_VALUE;
      if (found > 0 && command.directCopiesValue) {
        if (view.valueLength > VALUE_BYTES_MAX) return false;
        room += view.valueLength;
      } else if (command.directRoom !== undefined) {
        const copied = command.directRoom(view, found > 0, args);
        if (copied > VALUE_BYTES_MAX) return false;
        room += copied;
      }
      reply.room(room);
      const mark = reply.position;
      const errorsBefore = reply.errors;
      command.direct!(reply, view, found > 0, this.#nowMs, args);
      const isCertain = found === 0 || view.isConsistent();
      if (isCertain && link.epoch === epoch) {
        if (found === 0) {
          link.directReads++;
          link.directMisses++;
          return true;
        }
        if (command.directTouches && !connection.noTouch) view.touch();
        if (reply.errors !== errorsBefore) this.#statistics.failed(command.id);
        link.directReads++;
        return true;
      }
      reply.position = mark;
      if (reply.errors !== errorsBefore) reply.takeBackError();
      if (isCertain) return false;
    }
    return false;
  }

  /**
   * Answers a command on several keys, up to word `last`, into `scratch`. All shards concerned must be idle: then no
   * write is under way anywhere, and what is read key by key is one state of the data. False: nothing is written.
   */
  readEach(
    connection: Connection,
    command: Command,
    args: Arguments,
    last: number,
    scratch: ReplyBuffer,
  ): boolean {
    const { placement, keys } = command;
    if (placement?.at !== 'keys' || keys === undefined || !this.isEnabled) return false;
    const reply = scratch.writer;
    reply.resp = connection.resp;
    const count = (last - keys.first) / keys.step + 1;
    let misses = 0;
    if (placement.directResult === 'array') reply.array(count);
    for (let key = keys.first; key <= last; key += keys.step) {
      const link = this.#router.linkOf(args, key);
      const found = link.isBusy ? UNSURE : this.#readOne(connection, command, link, args, key, scratch);
      if (found === UNSURE) {
        reply.position = 0;
        return false;
      }
      misses += 1 - found;
    }
    if (placement.directResult === 'count') reply.integer(count - misses);
    // Counted at one of the links: the sums over all are what is shown.
    const [first] = this.#router.links;
    first!.directReads += count;
    first!.directMisses += misses;
    return true;
  }

  /** 1 when the key exists, 0 when not, UNSURE when it could not be read. */
  #readOne(
    connection: Connection,
    command: Command,
    link: ShardLink,
    args: Arguments,
    key: number,
    scratch: ReplyBuffer,
  ): number {
    const { placement } = command;
    if (placement?.at !== 'keys') return UNSURE;
    const { view } = link;
    const hash = this.#router.hashOf(args, key);
    const found = view.locate(connection.db, args.bytes, args.starts[key]!, args.ends[key]!, hash);
    if (found < 0 || (found > 0 && view.valueLength > VALUE_BYTES_MAX)) return UNSURE;
    if (placement.directResult === 'array') {
      placement.directEach!(scratch.writer, view, found > 0, this.#nowMs, args);
    }
    if (found === 0) return 0;
    if (!view.isConsistent()) return UNSURE;
    if (command.directTouches && !connection.noTouch) view.touch();
    return 1;
  }

  /**
   * About how many bytes the value at the key in word `key` has, or the command's `directRoom` says that are wanted of it; Infinity
   * when that cannot be told, or when most of a large collection is wanted. It decides whether a read may follow others through the lane: a client that asks for many
   * large values at once and takes no replies would otherwise have all of them copied into the acceptor's memory.
   */
  valueBytes(
    connection: Connection,
    link: ShardLink,
    args: Arguments,
    key: number,
    hash: number,
    { directRoom, asksForMost }: Command,
  ): number {
    if (link.isTakingLargeRequest) return Infinity;
    const mayBeMost = asksForMost?.(args) === true;
    if (!mayBeMost && link.statistics.largestEntryBytes <= SMALL_ENTRY_BYTES) return 0;
    const found = link.view.locate(connection.db, args.bytes, args.starts[key]!, args.ends[key]!, hash);
    if (found === 0) return 0;
    if (found < 0) return Infinity;
    if (link.view.isLargeCollection) return mayBeMost ? Infinity : 0;
    return directRoom === undefined ? link.view.valueLength : directRoom(link.view, true, args);
  }

  /** The same for all keys of a command, up to word `last`. Stops counting beyond `limit`. */
  valueBytesOfAll(
    connection: Connection,
    command: Command,
    args: Arguments,
    last: number,
    limit: number,
  ): number {
    const keys = command.keys!;
    let bytes = 0;
    for (let key = keys.first; key <= last && bytes <= limit; key += keys.step) {
      const link = this.#router.linkOf(args, key);
      bytes += this.valueBytes(connection, link, args, key, this.#router.hashOf(args, key), command);
    }
    return bytes;
  }
}
