/**
 * MIGRATE: keys go to another server, by DUMP here and RESTORE there, and leave this one when that has said OK.
 *
 * The server goes on meanwhile, other than Redis. So a key is deleted only if it still is what was sent, which its shard
 * finds out and does in one step. One that was changed is sent again.
 */

import { equalBytes, fromLatin1, LF } from '../base/bytes.ts';
import type { Arguments } from '../protocol/arguments.ts';
import {
  CHANGED_DURING_MIGRATION,
  KEYS_WITH_KEY,
  LOADING,
  MIGRATION_NOT_CONNECTED,
  migrationFailed,
  NOT_AN_INTEGER,
  SYNTAX_ERROR,
  targetRefused,
} from '../protocol/errors.ts';
import { isErrorReply, readNumber } from '../protocol/reply-reader.ts';
import { ABSENT, NO_EXPIRY } from '../store/keyspace.ts';
import { defineCommands } from './command.ts';
import type { ServerContext, ShardContext } from './context.ts';
import { token } from './declarations.ts';
import { findKey, peekKey } from './key-access.ts';
import { EVENT } from './keyspace-events.ts';
import { MigrationTarget, TargetFailed } from './migration-target.ts';
import { payloadOf } from './payloads.ts';

/** Redis's, for a timeout of 0 or less. */
const TIMEOUT_MS = 1000;
const TIMEOUT_MS_MAX = 2 ** 31 - 1;
/** So often a key is sent that changes all the time. */
const ATTEMPTS = 8;
/** A value is told by its expiry (a float64) and the checksum of its DUMP payload, which are its first and last bytes. */
const EXPIRY_BYTES = 8;
const CHECKSUM_BYTES = 8;
const REMOVE = Uint8Array.of(1);
const READ = Uint8Array.of(0);
const NAME = fromLatin1('migrate');

export const migrating = defineCommands([
  {
    name: 'migrate',
    group: 'generic',
    since: '2.6.0',
    summary: 'Moves keys to another server, or copies them',
    complexity:
      'That of DUMP and DEL here and of RESTORE there, for each key, and O(N) for the N bytes between the servers',
    arity: -6,
    flags: ['write', 'movablekeys'],
    categories: ['dangerous'],
    keys: {
      first: 3,
      last: 3,
      step: 1,
      flags: ['RW', 'access', 'delete'],
      specifications: [
        { positions: { first: 3, last: 3, step: 1 }, flags: ['RW', 'access', 'delete'] },
        {
          keyword: { word: 'KEYS', startFrom: -2 },
          positions: { first: 0, last: -1, step: 1 },
          flags: ['RW', 'access', 'delete', 'incomplete'],
        },
      ],
      find: (args) => readWords(args).keys,
    },
    arguments: [
      { name: 'host', type: 'string' },
      { name: 'port', type: 'integer' },
      {
        name: 'key-selector',
        type: 'oneof',
        arguments: [
          { name: 'key', type: 'key' },
          { name: 'empty-string', type: 'pure-token', token: '""' },
        ],
      },
      { name: 'destination-db', type: 'integer' },
      { name: 'timeout', type: 'integer' },
      { ...token('COPY', '3.0.0'), optional: true },
      { ...token('REPLACE', '3.0.0'), optional: true },
      {
        name: 'authentication',
        type: 'oneof',
        optional: true,
        arguments: [
          { name: 'auth', display: 'password', type: 'string', token: 'AUTH', since: '4.0.7' },
          {
            name: 'auth2',
            type: 'block',
            token: 'AUTH2',
            since: '6.0.0',
            arguments: [
              { name: 'username', type: 'string' },
              { name: 'password', type: 'string' },
            ],
          },
        ],
      },
      {
        name: 'keys',
        display: 'key',
        type: 'key',
        token: 'KEYS',
        keySpecification: 1,
        optional: true,
        multiple: true,
        since: '3.0.6',
      },
    ],
    history: [
      ['3.0.0', 'Added the `COPY` and `REPLACE` options.'],
      ['3.0.6', 'Added the `KEYS` option.'],
      ['4.0.7', 'Added the `AUTH` option.'],
      ['6.0.0', 'Added the `AUTH2` option.'],
    ],
    tips: ['nondeterministic_output'],
    secretWords: (args) => readWords(args).credentials,
    placement: { at: 'server', handler: migrate, onShard: readOrRemove },
  },
]);

/** The words behind the timeout, by their numbers. */
interface Words {
  copies: boolean;
  replaces: boolean;
  /** A password, or a name and a password. */
  credentials: readonly number[];
  keys: readonly number[];
  /** The text of the error where they are wrong; the rest is what stands before. */
  problem: string | undefined;
}

function readWords(args: Arguments): Words {
  const words: Words = { copies: false, replaces: false, credentials: [], keys: [3], problem: undefined };
  for (let i = 6; i < args.count; i++) {
    const more = args.count - 1 - i;
    if (args.is(i, 'copy')) words.copies = true;
    else if (args.is(i, 'replace')) words.replaces = true;
    else if (args.is(i, 'auth') && more >= 1) words.credentials = [++i];
    else if (args.is(i, 'auth2') && more >= 2) words.credentials = [++i, ++i];
    else if (args.is(i, 'keys')) {
      if (args.length(3) !== 0) return { ...words, problem: KEYS_WITH_KEY };
      words.keys = Array.from({ length: more }, (_, n) => i + 1 + n);
      break;
    } else return { ...words, problem: SYNTAX_ERROR };
  }
  return words;
}

type Ask = ReturnType<ServerContext['shardRequests']>;

interface Order {
  readonly host: string;
  readonly port: string;
  readonly db: string;
  readonly timeoutMs: number;
  readonly copies: boolean;
  readonly replaces: boolean;
  /** `AUTH` and its words; empty when there are none. */
  readonly credentials: readonly Uint8Array[];
  readonly keys: readonly Uint8Array[];
  readonly ask: Ask;
  /** Whether the target's address and database are this server's own. */
  isOwn(target: MigrationTarget): boolean;
}

/** A reply to the client. */
type Answer = { readonly simple: string } | { readonly error: string };

const OK: Answer = { simple: 'OK' };

function migrate(context: ServerContext): void {
  const { args, reply, config, client } = context;
  const words = readWords(args);
  if (words.problem !== undefined) {
    reply.error(words.problem);
    return;
  }
  const timeout = args.integer(5);
  const db = args.integer(4);
  if (timeout === undefined || db === undefined) {
    reply.error(NOT_AN_INTEGER);
    return;
  }
  const ownPorts = [config.get('port'), config.get('tls-port')];
  const isOwnDatabase = Number(db) === client.db;
  const copies = words.credentials.map((word) => args.copy(word));
  const order: Order = {
    host: args.utf8(1),
    port: args.text(2),
    db: String(db),
    timeoutMs: timeout <= 0 ? TIMEOUT_MS : Math.min(Number(timeout), TIMEOUT_MS_MAX),
    copies: words.copies,
    replaces: words.replaces,
    credentials: copies.length === 0 ? [] : [fromLatin1('AUTH'), ...copies],
    keys: words.keys.map((word) => args.copy(word)),
    ask: context.shardRequests(),
    isOwn: (target) => isOwnDatabase && target.isHere && ownPorts.includes(target.port),
  };
  const answer = context.defer();
  void run(order).then((outcome) =>
    answer((later) => {
      if ('simple' in outcome) later.simple(outcome.simple);
      else later.error(outcome.error);
    }),
  );
}

/** A key with what its shard said of it. */
interface Image {
  readonly key: Uint8Array;
  /** Milliseconds since 1970, or NO_EXPIRY. */
  readonly expiresAt: number;
  readonly payload: Uint8Array;
  /** What the shard tells it by. */
  readonly mark: Uint8Array;
}

/** An error that a shard has answered with. */
class ShardRefused extends Error {}

async function run(order: Order): Promise<Answer> {
  let target: MigrationTarget | undefined;
  try {
    let images = await readAll(order, order.keys);
    if (images.length === 0) return { simple: 'NOKEY' };
    target = await MigrationTarget.connect(order.host, order.port, order.timeoutMs);
    // It would find its own key, and then delete it.
    if (order.isOwn(target)) throw new TargetFailed('reading');
    const prelude = [order.credentials, ['SELECT', order.db]].filter((words) => words.length > 0);
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const { changed, error } = await send(order, target, attempt === 0 ? prelude : [], images, attempt > 0);
      if (error !== undefined) return { error };
      if (changed.length === 0) return OK;
      images = await readAll(order, changed);
      // Deleted here since it was sent: as if that had come first, and the key had been somewhere else already.
      if (images.length === 0) return OK;
    }
    return { error: CHANGED_DURING_MIGRATION };
  } catch (error) {
    if (error instanceof ShardRefused) return { error: error.message };
    if (!(error instanceof TargetFailed)) throw error;
    return {
      error: error.doing === 'connecting' ? MIGRATION_NOT_CONNECTED : migrationFailed(error.doing),
    };
  } finally {
    target?.close();
  }
}

async function readAll(order: Order, keys: readonly Uint8Array[]): Promise<Image[]> {
  const images = await Promise.all(keys.map((key) => read(order.ask, key)));
  return images.filter((image) => image !== undefined);
}

async function read(ask: Ask, key: Uint8Array): Promise<Image | undefined> {
  const reply = await askShard(ask, [NAME, key, READ]);
  const length = readNumber(reply, 0);
  if (length < 0) return undefined;
  const start = reply.indexOf(LF) + 1;
  const bytes = reply.subarray(start, start + length);
  const payload = bytes.subarray(EXPIRY_BYTES);
  return {
    key,
    payload,
    expiresAt: new DataView(bytes.buffer, bytes.byteOffset).getFloat64(0),
    mark: markOf(bytes),
  };
}

async function askShard(ask: Ask, words: readonly Uint8Array[]): Promise<Uint8Array> {
  const reply = await ask(words);
  if (reply === undefined) throw new ShardRefused(LOADING);
  if (isErrorReply(reply)) throw new ShardRefused(Buffer.from(reply).toString('latin1', 1).trim());
  return reply;
}

/**
 * Sends the keys and deletes those that the target has taken. What comes back are keys that changed meanwhile, and the
 * text of an error.
 */
async function send(
  order: Order,
  target: MigrationTarget,
  prelude: readonly (readonly (Uint8Array | string)[])[],
  images: readonly Image[],
  isAgain: boolean,
): Promise<{ changed: Uint8Array[]; error: string | undefined }> {
  const now = Date.now();
  const alive = images.filter(({ expiresAt }) => expiresAt === NO_EXPIRY || expiresAt >= now);
  const replaces = order.replaces || isAgain ? ['REPLACE'] : [];
  await target.write([
    ...prelude,
    ...alive.map(({ key, expiresAt, payload }) => {
      const ttl = expiresAt === NO_EXPIRY ? 0 : Math.max(1, expiresAt - now);
      return ['RESTORE', key, String(ttl), payload, ...replaces];
    }),
  ]);
  let problem: string | undefined;
  for (let i = 0; i < prelude.length; i++) problem ??= problemOf(await target.line());
  const isRefused = problem !== undefined;
  const changed: Uint8Array[] = [];
  for (const image of alive) {
    const wrong = problemOf(await readLine(target, problem));
    problem ??= wrong;
    if (isRefused || wrong !== undefined || order.copies) continue;
    if (!(await remove(order.ask, image))) changed.push(image.key);
  }
  return { changed, error: problem === undefined ? undefined : targetRefused(problem) };
}

/** What the target has said before counts for more than that it says no more. */
async function readLine(target: MigrationTarget, problem: string | undefined): Promise<string> {
  if (problem === undefined) return target.line();
  return target.line().catch(() => `-${problem}`);
}

function problemOf(line: string): string | undefined {
  return line.startsWith('-') ? line.slice(1) : undefined;
}

/** False when the key is not what was sent any more. */
async function remove(ask: Ask, { key, mark }: Image): Promise<boolean> {
  return readNumber(await askShard(ask, [NAME, key, REMOVE, mark]), 0) === 1;
}

// On the shard

/** What the words above ask for: the expiry and the payload of a key, or that it goes if it has this mark. */
function readOrRemove(context: ShardContext): void {
  const { keyspace, args, reply } = context;
  const isRemoval = args.count === 4;
  const ref = isRemoval ? peekKey(context) : findKey(context);
  if (ref === ABSENT) {
    if (isRemoval) reply.integer(1);
    else reply.null();
    return;
  }
  const image = imageOf(context, ref);
  if (!isRemoval) {
    reply.bulk(image);
    return;
  }
  const mark = markOf(image);
  const isSame = equalBytes(mark, 0, args.bytes, args.starts[3]!, mark.length);
  if (isSame) {
    context.notify(EVENT.generic, 'del', 1);
    keyspace.deleteEntry(context.db, ref, context.hash);
  }
  reply.integer(isSame ? 1 : 0);
}

function imageOf({ keyspace }: ShardContext, ref: number): Uint8Array {
  const payload = payloadOf(keyspace, ref);
  const image = new Uint8Array(EXPIRY_BYTES + payload.length);
  new DataView(image.buffer).setFloat64(0, keyspace.expiry(ref));
  image.set(payload, EXPIRY_BYTES);
  return image;
}

function markOf(image: Uint8Array): Uint8Array {
  const mark = new Uint8Array(EXPIRY_BYTES + CHECKSUM_BYTES);
  mark.set(image.subarray(0, EXPIRY_BYTES));
  mark.set(image.subarray(image.length - CHECKSUM_BYTES), EXPIRY_BYTES);
  return mark;
}
