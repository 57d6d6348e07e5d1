/**
 * The figures of a shard that other threads read: they are put into shared memory after each batch, before its replies,
 * so that whoever has read a reply finds them up to date.
 */
import type { ErrorTally } from '../protocol/error-tally.ts';
import type { ErrorStatistics } from '../ring/error-statistics.ts';
import type { ShardStatistics } from '../ring/shard-statistics.ts';
import type { Keyspace } from '../store/keyspace.ts';
import type { DefragPace } from './defrag-pace.ts';
import type { Durability } from './durability.ts';
import type { ExpiryPace } from './expiry-pace.ts';
import type { HeapRoom } from './heap-room.ts';
import type { MemoryRoom } from './memory-room.ts';

const SEVERAL = -1;
/** The part that one more key has in the average of how late expired keys go. */
const FRESH_PART = 1 / 64;

export interface FiguresParts {
  readonly keyspace: Keyspace;
  readonly databases: number;
  readonly expiry: ExpiryPace;
  readonly defrag: DefragPace;
  readonly room: MemoryRoom;
  readonly tally: ErrorTally;
  readonly statistics: ShardStatistics;
  readonly errors: ErrorStatistics;
  readonly durability: Durability;
  readonly heap: HeapRoom;
  /** How many clients wait for keys of the shard. */
  waitingClients(): number;
}

export class Figures {
  commandsExecuted = 0;
  /** Commands on keys of several shards: as executor of them, and parked for others. */
  readonly contention = { holds: 0, holdMs: 0, parks: 0, parkedMs: 0, isParked: false };
  readonly #parts: FiguresParts;
  #expiryLagMs = 0;
  #errorsPublished = 0;
  /** The only database used since figures were last published, or SEVERAL. */
  #database = SEVERAL;

  constructor(parts: FiguresParts) {
    this.#parts = parts;
    this.#continue();
  }

  /** A shard that takes the place of one that died goes on with its counts: they begin at 0 only with the server. */
  #continue(): void {
    const { statistics, keyspace, expiry, defrag, room, tally, errors } = this.#parts;
    this.commandsExecuted = statistics.get('commands');
    keyspace.statistics.hits = statistics.get('hits');
    keyspace.statistics.misses = statistics.get('misses');
    keyspace.statistics.expired = statistics.get('expired');
    keyspace.statistics.evicted = statistics.get('evicted');
    room.spent.exceededMs = statistics.get('exceededMs');
    room.spent.slowCycles = statistics.get('slowEvictions');
    room.spent.slowCycleMs = statistics.get('slowEvictionMs');
    room.spent.slowDeletions = statistics.get('slowEvictionDels');
    room.spent.slowDeletionMs = statistics.get('slowEvictionDelMs');
    expiry.spent.totalMs = statistics.get('expiryMs');
    expiry.spent.capsReached = statistics.get('expiryCapsReached');
    keyspace.objects.freedLater = statistics.get('freedLater');
    keyspace.compaction.moved = statistics.get('defragMoved');
    keyspace.compaction.left = statistics.get('defragLeft');
    defrag.totalMs = statistics.get('defragTotalMs');
    expiry.spent.slowSlices = statistics.get('slowExpiries');
    expiry.spent.slowSliceMs = statistics.get('slowExpiryMs');
    this.contention.holds = statistics.get('holds');
    this.contention.holdMs = statistics.get('holdMs');
    this.contention.parks = statistics.get('parks');
    this.contention.parkedMs = statistics.get('parkedMs');
    // In the order in which they stand there, so that each keeps its place.
    for (const [code, count] of errors.read()) tally.add(code, count);
  }

  /** To be called with the database of each command: only what was used is published. */
  uses(db: number): void {
    if (db === this.#database || this.#database === SEVERAL) return;
    // What the database before saw in this batch is published now, and the rest goes on with the new one.
    this.#publishDatabase(this.#database);
    this.#database = db;
  }

  /** An entry is about to go because its time has come. */
  expiring(ref: number): void {
    const { keyspace } = this.#parts;
    const lagMs = Math.max(0, keyspace.now() - keyspace.expiry(ref));
    this.#expiryLagMs += (lagMs - this.#expiryLagMs) * FRESH_PART;
  }

  /** To be called when other databases than the command's may have changed. */
  usesAll(): void {
    this.#database = SEVERAL;
  }

  publish(): void {
    const { statistics, keyspace, databases } = this.#parts;
    if (this.#database === SEVERAL) {
      for (let db = 0; db < databases; db++) this.#publishDatabase(db);
      this.#database = 0;
    } else {
      this.#publishDatabase(this.#database);
    }
    statistics.set('commands', this.commandsExecuted);
    statistics.set('hits', keyspace.statistics.hits);
    statistics.set('misses', keyspace.statistics.misses);
    statistics.set('expired', keyspace.statistics.expired);
    statistics.set('entryBytes', keyspace.usedBytes + keyspace.objects.bytes);
    statistics.set('indexBytes', keyspace.indexUsedBytes);
    statistics.set('arenaBytes', keyspace.arenaBytes + keyspace.objects.bytes);
    this.#publishMemory();
    statistics.set('largestEntryBytes', keyspace.largestEntryBytes);
    statistics.set('freedLater', keyspace.objects.freedLater);
    statistics.set('freedLaterPending', keyspace.objects.retired);
    statistics.set('waitingClients', this.#parts.waitingClients());
    this.#parts.durability.publish(statistics);
    this.#publishContention();
    this.#publishErrors();
    this.#publishExpiry();
    this.#publishDefrag();
    this.#publishEviction();
  }

  #publishMemory(): void {
    const { statistics, keyspace, heap } = this.#parts;
    statistics.set('collectionBytes', keyspace.objects.bytes);
    statistics.set('poolFreeBytes', keyspace.objects.poolFreeBytes);
    const { usedBytes, totalBytes, limitBytes } = heap.figures;
    statistics.set('heapUsedBytes', usedBytes);
    statistics.set('heapTotalBytes', totalBytes);
    statistics.set('heapLimitBytes', limitBytes);
  }

  #publishContention(): void {
    const { statistics } = this.#parts;
    const { holds, holdMs, parks, parkedMs, isParked } = this.contention;
    statistics.set('holds', holds);
    statistics.set('holdMs', holdMs);
    statistics.set('parks', parks);
    statistics.set('parkedMs', parkedMs);
    statistics.set('isParked', isParked ? 1 : 0);
  }

  #publishDatabase(db: number): void {
    const { statistics, keyspace } = this.#parts;
    statistics.setDatabase(db, keyspace.size(db), keyspace.expiresCount(db), keyspace.averageTtlMs(db));
  }

  #publishErrors(): void {
    const { statistics, errors, tally } = this.#parts;
    if (this.#errorsPublished === tally.total) return;
    this.#errorsPublished = tally.total;
    statistics.set('errors', tally.total);
    errors.publish(tally.counts);
  }

  #publishDefrag(): void {
    const { statistics, keyspace, defrag } = this.#parts;
    statistics.set('freeBytes', keyspace.freeBytes);
    statistics.set('defragPercent', defrag.runningPercent);
    statistics.set('defragMs', defrag.currentMs);
    statistics.set('defragTotalMs', defrag.totalMs);
    statistics.set('defragMoved', defrag.moved);
    statistics.set('defragLeft', defrag.left);
  }

  #publishEviction(): void {
    const { statistics, keyspace, room } = this.#parts;
    const { spent } = room;
    statistics.set('evicted', keyspace.statistics.evicted);
    statistics.set('exceededMs', spent.exceededMs);
    statistics.set('exceedingMs', room.exceedingMs);
    // The last first, as with those of the expiry cycle.
    statistics.set('slowEvictionMs', spent.slowCycleMs);
    statistics.set('slowEvictions', spent.slowCycles);
    statistics.set('slowEvictionDelMs', spent.slowDeletionMs);
    statistics.set('slowEvictionDels', spent.slowDeletions);
  }

  #publishExpiry(): void {
    const { statistics, expiry } = this.#parts;
    const { spent } = expiry;
    statistics.set('expiredStaleRatio', expiry.staleRatio);
    statistics.set('expiryLagMs', this.#expiryLagMs);
    statistics.set('expiryMs', spent.totalMs);
    statistics.set('expiryCapsReached', spent.capsReached);
    // The last first: whoever sees that there is one more finds what it took.
    statistics.set('slowExpiryMs', spent.slowSliceMs);
    statistics.set('slowExpiries', spent.slowSlices);
  }
}
