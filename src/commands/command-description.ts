/** What COMMAND INFO and COMMAND DOCS say of one command: the structures of Redis 7.2, from its declaration. */
import type { ReplyWriter } from '../protocol/reply-writer.ts';
import { categoriesOf } from './acl-categories.ts';
import type { ArgumentSpec, CommandFlag, KeyFlag, KeyPositions, KeySpecification } from './command.ts';
import type { Command } from './table.ts';

/** Flags are listed in Redis's order, whatever the order in the declaration. As there, `may_replicate` is not shown. */
const FLAG_ORDER: readonly CommandFlag[] = [
  'write',
  'readonly',
  'denyoom',
  'admin',
  'pubsub',
  'noscript',
  'blocking',
  'loading',
  'stale',
  'skip_monitor',
  'skip_slowlog',
  'asking',
  'fast',
  'no_auth',
  'no_mandatory_keys',
  'no_async_loading',
  'no_multi',
  'movablekeys',
  'allow_busy',
  'touches_arbitrary_keys',
];

const KEY_FLAG_ORDER: readonly KeyFlag[] = [
  'RO',
  'RW',
  'OW',
  'RM',
  'access',
  'update',
  'insert',
  'delete',
  'not_key',
  'incomplete',
  'variable_flags',
];

/** The subcommands that COMMAND tells of. */
export function shownChildren(command: Command): readonly Command[] {
  return command.readsOwnWords ? [] : command.children;
}

/** The ten elements of COMMAND INFO. */
export function writeCommandInfo(reply: ReplyWriter, command: Command): void {
  const { keys, tips = [] } = command;
  const children = shownChildren(command);
  reply.array(10);
  reply.bulkText(command.fullName);
  reply.integer(command.arity);
  writeSimpleSet(reply, inOrder(FLAG_ORDER, command.flags));
  reply.integer(keys?.first ?? 0);
  reply.integer(keys?.last ?? 0);
  reply.integer(keys?.step ?? 0);
  writeSimpleSet(
    reply,
    categoriesOf(command).map((category) => `@${category}`),
  );
  reply.set(tips.length);
  for (const tip of tips) reply.bulkText(tip);
  const specifications = keys === undefined ? [] : specificationsOf(keys);
  reply.set(specifications.length);
  for (const specification of specifications) writeKeySpec(reply, specification);
  // Redis sends an empty set, not an empty array, where there are no subcommands.
  if (children.length === 0) reply.set(0);
  else reply.array(children.length);
  for (const child of children) writeCommandInfo(reply, child);
}

function inOrder<T extends string>(order: readonly T[], flags: readonly T[]): T[] {
  return order.filter((flag) => flags.includes(flag));
}

function writeSimpleSet(reply: ReplyWriter, texts: readonly string[]): void {
  reply.set(texts.length);
  for (const text of texts) reply.simple(text);
}

/** Key flags as a set of simple strings: COMMAND INFO and COMMAND GETKEYSANDFLAGS show them alike. */
export function writeKeyFlags(reply: ReplyWriter, flags: readonly KeyFlag[]): void {
  writeSimpleSet(reply, inOrder(KEY_FLAG_ORDER, flags));
}

function specificationsOf(keys: KeyPositions): readonly KeySpecification[] {
  return keys.specifications ?? [{ ...keys, positions: keys }];
}

/** What is done to the key in word `word` of `count`. */
export function flagsOfKey(keys: KeyPositions, word: number, count: number): readonly KeyFlag[] {
  const specifications = specificationsOf(keys);
  const own = specifications.find(({ positions }) => {
    if (positions === undefined) return false;
    const last = positions.last < 0 ? count + positions.last : positions.last;
    return word >= positions.first && word <= last;
  });
  return (own ?? specifications[specifications.length - 1]!).flags;
}

function writeKeySpec(
  reply: ReplyWriter,
  { notes, flags, positions: keys, keyword, keyNumber }: KeySpecification,
): void {
  reply.map(notes === undefined ? 3 : 4);
  if (notes !== undefined) writeText(reply, 'notes', notes);
  reply.bulkText('flags');
  writeKeyFlags(reply, flags);

  if (keyNumber !== undefined) {
    writeStep(reply, 'begin_search', 'index', [['index', keyNumber.word]]);
    writeStep(reply, 'find_keys', 'keynum', [
      ['keynumidx', 0],
      ['firstkey', keyNumber.first],
      ['keystep', keyNumber.step],
    ]);
    return;
  }

  if (keys === undefined) {
    for (const step of ['begin_search', 'find_keys']) {
      reply.bulkText(step);
      reply.map(2);
      writeText(reply, 'type', 'unknown');
      reply.bulkText('spec');
      reply.map(0);
    }
    return;
  }

  reply.bulkText('begin_search');
  reply.map(2);
  writeText(reply, 'type', keyword === undefined ? 'index' : 'keyword');
  reply.bulkText('spec');
  reply.map(keyword === undefined ? 1 : 2);
  if (keyword === undefined) {
    writeInteger(reply, 'index', keys.first);
  } else {
    writeText(reply, 'keyword', keyword.word);
    writeInteger(reply, 'startfrom', keyword.startFrom);
  }

  reply.bulkText('find_keys');
  reply.map(2);
  writeText(reply, 'type', 'range');
  reply.bulkText('spec');
  reply.map(3);
  // Counted from the first key; negative numbers count from the last word.
  writeInteger(reply, 'lastkey', keys.last < 0 ? keys.last : keys.last - keys.first);
  writeInteger(reply, 'keystep', keys.step);
  writeInteger(reply, 'limit', keys.limit ?? 0);
}

function writeStep(
  reply: ReplyWriter,
  step: string,
  type: string,
  spec: readonly (readonly [name: string, value: number])[],
): void {
  reply.bulkText(step);
  reply.map(2);
  writeText(reply, 'type', type);
  reply.bulkText('spec');
  reply.map(spec.length);
  for (const [name, value] of spec) writeInteger(reply, name, value);
}

function writeText(reply: ReplyWriter, name: string, text: string): void {
  reply.bulkText(name);
  reply.bulkUtf8(text);
}

function writeInteger(reply: ReplyWriter, name: string, value: number): void {
  reply.bulkText(name);
  reply.integer(value);
}

/** A map's entries, gathered first because its size stands before them. */
type Entry = readonly [name: string, write: () => void];

function writeEntries(reply: ReplyWriter, entries: readonly Entry[]): void {
  reply.map(entries.length);
  for (const [name, write] of entries) {
    reply.bulkText(name);
    write();
  }
}

/** The map that COMMAND DOCS gives for one command; its name is written by the caller. */
export function writeCommandDocs(reply: ReplyWriter, command: Command): void {
  const { deprecated, history } = command;
  const children = shownChildren(command);
  const entries: Entry[] = [
    ['summary', () => reply.bulkUtf8(command.summary)],
    ['since', () => reply.bulkText(command.since)],
    ['group', () => reply.bulkText(command.group)],
    ['complexity', () => reply.bulkUtf8(command.complexity)],
  ];
  if (deprecated !== undefined) {
    entries.push(['doc_flags', () => writeSimpleSet(reply, ['deprecated'])]);
    entries.push(['deprecated_since', () => reply.bulkText(deprecated.since)]);
    entries.push(['replaced_by', () => reply.bulkUtf8(deprecated.replacedBy)]);
  }
  if (command.isInternal) entries.push(['doc_flags', () => writeSimpleSet(reply, ['syscmd'])]);
  if (history !== undefined && history.length > 0) {
    entries.push(['history', () => writeHistory(reply, history)]);
  }
  if (command.arguments !== undefined && command.arguments.length > 0) {
    const specs = command.arguments;
    entries.push(['arguments', () => writeArguments(reply, specs)]);
  }
  if (children.length > 0) entries.push(['subcommands', () => writeManyDocs(reply, children)]);
  writeEntries(reply, entries);
}

/** A map from full names to docs. */
export function writeManyDocs(reply: ReplyWriter, commands: readonly Command[]): void {
  reply.map(commands.length);
  for (const command of commands) {
    reply.bulkText(command.fullName);
    writeCommandDocs(reply, command);
  }
}

function writeHistory(reply: ReplyWriter, history: NonNullable<Command['history']>): void {
  reply.set(history.length);
  for (const [version, change] of history) {
    reply.array(2);
    reply.bulkText(version);
    reply.bulkUtf8(change);
  }
}

function writeArguments(reply: ReplyWriter, specs: readonly ArgumentSpec[]): void {
  reply.array(specs.length);
  for (const spec of specs) writeArgument(reply, spec);
}

function writeArgument(reply: ReplyWriter, spec: ArgumentSpec): void {
  const { token, since, arguments: inner } = spec;
  const entries: Entry[] = [
    ['name', () => reply.bulkText(spec.name)],
    ['type', () => reply.bulkText(spec.type)],
  ];
  if (inner === undefined) entries.push(['display_text', () => reply.bulkText(spec.display ?? spec.name)]);
  if (spec.type === 'key' || spec.keySpecification !== undefined) {
    entries.push(['key_spec_index', () => reply.integer(spec.keySpecification ?? 0)]);
  }
  if (token !== undefined) entries.push(['token', () => reply.bulkText(token)]);
  if (since !== undefined) entries.push(['since', () => reply.bulkText(since)]);
  const flags: string[] = [];
  if (spec.optional) flags.push('optional');
  if (spec.multiple) flags.push('multiple');
  if (spec.multipleToken) flags.push('multiple_token');
  if (flags.length > 0) entries.push(['flags', () => writeSimpleSet(reply, flags)]);
  if (inner !== undefined) entries.push(['arguments', () => writeArguments(reply, inner)]);
  writeEntries(reply, entries);
}
