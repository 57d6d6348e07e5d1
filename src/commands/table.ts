/**
 * The command table: look-up of a name in request bytes, and numbers that stand for commands in lanes.
 *
 * Both ends build the same table from the same families, so a command's number is the same on all threads.
 */
import { lowerByte } from '../base/bytes.ts';
import type { Arguments } from '../protocol/arguments.ts';
import type { CommandSpec, DirectHandler, DirectRoom } from './command.ts';
import { families } from './families.ts';

/** Where a command runs, as a number: the dispatcher branches on it for every command. */
export const ROUTE = {
  container: 0,
  server: 1,
  key: 2,
  keys: 3,
  every: 4,
  chosen: 5,
  together: 6,
  transaction: 7,
  blocking: 8,
} as const;

/** A spec with what derives from it. All have the same shape, which keeps property look-ups fast. */
export interface Command extends CommandSpec {
  /** The number in request frames. */
  readonly id: number;
  /** `config|get` for a subcommand, otherwise the name. As in Redis it stays when the command is renamed. */
  readonly fullName: string;
  /** What clients call it: its name, unless `rename-command` has given it another; empty when that took it away. */
  readonly calledName: string;
  readonly container: Command | undefined;
  readonly children: readonly Command[];
  readonly isWrite: boolean;
  /** It may take more memory: it is refused when there is none. */
  readonly deniesOom: boolean;
  /** It is refused while the data cannot be written to disk. */
  readonly needsDisk: boolean;
  /** The keys of its request are read, and nothing else is done with them. */
  readonly readsKeys: boolean;
  readonly keepsCachingMode: boolean;
  /** One of ROUTE. */
  readonly route: number;
  /** All words from the first key on are keys, or every `keys.step`th of them. */
  readonly hasKeysToTheEnd: boolean;
  /** The word that is the first key. */
  readonly keyIndex: number;
  readonly direct: DirectHandler | undefined;
  readonly directCopiesValue: boolean;
  readonly directRoom: DirectRoom | undefined;
  readonly changesOtherDatabases: boolean;
  /** A direct read counts as a use of the key. */
  readonly directTouches: boolean;
  /** True when nobody may read a shard's memory directly while it is under way: half of it could be seen. */
  readonly guardsDirectReads: boolean;
  /** With how many words, the name included, its time does not grow with what it works on: 0 for none, Infinity for any. */
  readonly constantWords: number;
  readonly isNeverQueued: boolean;
  /** It may not stand in a transaction. */
  readonly isBannedFromTransactions: boolean;
  /** May run before the client has authenticated. */
  readonly withoutAuthentication: boolean;
}

/** Open addressing, sized so that look-ups of names that exist rarely probe twice. */
const TABLE_SIZE = 2048;

/** A `rename-command` that cannot be followed: a mistake in the configuration, told in one line. */
export class RenameError extends Error {}

export class CommandTable {
  /** By number. */
  readonly all: readonly Command[];
  /** Containers and plain commands that clients can call, without subcommands. */
  readonly top: readonly Command[];
  readonly #byName = new Map<string, Command>();
  readonly #slots: (Command | undefined)[] = new Array(TABLE_SIZE).fill(undefined);

  /** `renames` are pairs of a name and the one it gets, in their order. Throws RenameError. */
  constructor(
    specs: readonly CommandSpec[] = families,
    renames: readonly (readonly [name: string, newName: string])[] = [],
  ) {
    const all: Command[] = [];
    const top = specs.map((spec) => build(spec, undefined, all));
    this.all = all;
    for (const command of all) this.#byName.set(command.fullName, command);
    if (renames.length > 0) rename(top, renames);
    this.top = top.filter(({ calledName }) => calledName !== '');
    for (const command of this.top) this.#insert(command);
  }

  /** By full name in lower case, `config|get` for a subcommand. Renaming a command changes nothing here. */
  byName(fullName: string): Command | undefined {
    return this.#byName.get(fullName);
  }

  /** By the name that clients call it now, in lower case; `config|get` for a subcommand. */
  byCalledName(name: string): Command | undefined {
    const direct = this.#byName.get(name);
    // Hardly ever is a command renamed.
    if (
      direct !== undefined &&
      (direct.container ?? direct).calledName === (direct.container ?? direct).name
    ) {
      return direct;
    }
    const [first, second, ...rest] = name.split('|');
    if (rest.length > 0) return undefined;
    const command = this.top.find(({ calledName }) => calledName === first);
    return second === undefined ? command : command?.children.find((child) => child.name === second);
  }

  /** The command that word 0 names, or undefined. */
  find(args: Arguments): Command | undefined {
    const bytes = args.bytes;
    const start = args.starts[0]!;
    const length = args.ends[0]! - start;
    let slot = nameHash(bytes, start, length);
    for (;;) {
      const command = this.#slots[slot];
      if (command === undefined) return undefined;
      if (isName(command.calledName, bytes, start, length)) return command;
      slot = (slot + 1) % TABLE_SIZE;
    }
  }

  /** The subcommand of `container` that word 1 names, or undefined. */
  findSubcommand(container: Command, args: Arguments): Command | undefined {
    return container.children.find((child) => args.is(1, child.name));
  }

  #insert(command: Command): void {
    const name = Buffer.from(command.calledName, 'latin1');
    let slot = nameHash(name, 0, name.length);
    while (this.#slots[slot] !== undefined) slot = (slot + 1) % TABLE_SIZE;
    this.#slots[slot] = command;
  }
}

function build(spec: CommandSpec, container: Command | undefined, all: Command[]): Command {
  const children: Command[] = [];
  const placement = spec.placement;
  const runsAtKey = placement?.at === 'key' ? placement : undefined;
  const command: Command = {
    name: spec.name,
    group: spec.group,
    since: spec.since,
    summary: spec.summary,
    complexity: spec.complexity,
    arity: spec.arity,
    flags: spec.flags,
    categories: spec.categories,
    lacksGroupCategory: spec.lacksGroupCategory ?? false,
    keys: spec.keys,
    channels: spec.channels,
    arguments: spec.arguments,
    history: spec.history,
    tips: spec.tips,
    deprecated: spec.deprecated,
    guardedBy: spec.guardedBy,
    leavesAccessTime: spec.leavesAccessTime,
    allowedToSubscribers: spec.allowedToSubscribers ?? false,
    repliesByPush: spec.repliesByPush ?? false,
    hasLongReply: spec.hasLongReply ?? false,
    asksForMost: spec.asksForMost,
    readsUnnamedKeys: spec.readsUnnamedKeys,
    holdsAllShards: spec.holdsAllShards,
    check: spec.check,
    secretWords: spec.secretWords,
    placement,
    subcommands: spec.subcommands,
    alwaysRefuses: spec.alwaysRefuses ?? false,
    readsOwnWords: spec.readsOwnWords ?? false,
    isInternal: spec.isInternal ?? false,
    id: all.length,
    fullName: container === undefined ? spec.name : `${container.name}|${spec.name}`,
    calledName: spec.name,
    container,
    children,
    isWrite: spec.flags.includes('write'),
    deniesOom: spec.flags.includes('denyoom'),
    needsDisk: spec.flags.includes('write') || spec.reportsDiskErrors === true,
    readsKeys: spec.keys !== undefined && spec.flags.includes('readonly') && !spec.flags.includes('pubsub'),
    keepsCachingMode: spec.keepsCachingMode ?? container?.keepsCachingMode ?? false,
    route: placement === undefined ? ROUTE.container : ROUTE[placement.at],
    hasKeysToTheEnd: spec.keys !== undefined && spec.keys.last === -1 && spec.keys.find === undefined,
    keyIndex: spec.keys?.first ?? 0,
    direct: runsAtKey?.direct,
    directCopiesValue: runsAtKey?.directCopiesValue ?? false,
    directRoom: runsAtKey?.directRoom,
    changesOtherDatabases: spec.changesOtherDatabases ?? false,
    directTouches: !spec.leavesAccessTime,
    guardsDirectReads: guardsDirectReads(spec),
    constantWords: constantWords(spec),
    isNeverQueued: spec.isNeverQueued ?? false,
    isBannedFromTransactions: spec.flags.includes('no_multi'),
    databaseAfter: spec.databaseAfter,
    withoutAuthentication: spec.flags.includes('no_auth'),
  };
  all.push(command);
  for (const sub of spec.subcommands ?? []) children.push(build(sub, command, all));
  return command;
}

/** Those without options of which the complexity is told without a count. */
function constantWords({ complexity, arity }: CommandSpec): number {
  if (!complexity.startsWith('O(1)')) return 0;
  return complexity.startsWith('O(1) without a count') ? Math.abs(arity) : Infinity;
}

function guardsDirectReads({ placement, flags }: CommandSpec): boolean {
  if (placement === undefined || placement.at === 'server' || placement.at === 'key') return false;
  if (placement.at === 'transaction') return placement.step === 'execute';
  return !flags.includes('readonly');
}

/** Gives commands other names, one after the other, as Redis reads its configuration file. */
function rename(top: readonly Command[], renames: readonly (readonly [string, string])[]): void {
  for (const [name, newName] of renames) {
    const called = (text: string) => top.find(({ calledName }) => calledName === latin1Lower(text));
    const command = name === '' ? undefined : called(name);
    if (command === undefined) throw new RenameError(`rename-command: no such command "${name}"`);
    (command as { calledName: string }).calledName = '';
    if (newName !== '' && called(newName) !== undefined) {
      throw new RenameError(`rename-command: there is a command "${newName}" already`);
    }
    (command as { calledName: string }).calledName = latin1Lower(newName);
  }
}

/** A name as the bytes of requests are compared with: one character a byte, in lower case. */
function latin1Lower(text: string): string {
  return Buffer.from(text, 'utf8')
    .toString('latin1')
    .replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

function nameHash(bytes: Uint8Array, start: number, length: number): number {
  // Bit 5 makes letters lower case; that it also changes other bytes does no harm in a hash.
  let hash = length;
  const hashed = Math.min(length, 16);
  for (let i = 0; i < hashed; i++) hash = Math.imul(hash, 31) + (bytes[start + i]! | 32);
  return (hash ^ (hash >>> 11)) & (TABLE_SIZE - 1);
}

function isName(name: string, bytes: Uint8Array, start: number, length: number): boolean {
  if (name.length !== length) return false;
  for (let i = 0; i < length; i++) {
    if (lowerByte(bytes[start + i]!) !== name.charCodeAt(i)) return false;
  }
  return true;
}
