/** DEBUG subcommands about the server as a whole: its time, its log, its end. */
import { globMatches } from '../../base/glob.ts';
import type { Arguments } from '../../protocol/arguments.ts';
import {
  CANNOT_RESTART,
  CLIENT_EVICTION_OFF,
  DATABASE_OUT_OF_RANGE,
  DUMP_NOT_LOADED,
  LOG_NOT_LOADED,
  NOT_AN_INTEGER,
  outOfRange,
  SAVE_FAILED,
  WRONG_RELOAD_OPTION,
} from '../../protocol/errors.ts';
import type { ServerContext, ShardContext } from '../context.ts';
import { lenientNumber } from './declare.ts';

const FUZZ_ROUNDS = 10_000;
const FUZZ_BYTES_MAX = 32;

export function sleep(context: ShardContext): void {
  context.sleep(lenientNumber(context.args.text(2)) * 1000);
  context.reply.ok();
}

export function setActiveExpire(context: ShardContext): void {
  context.activeExpire = Math.trunc(lenientNumber(context.args.text(2))) !== 0;
  context.reply.ok();
}

/** The error that the client wants to see. Line ends would break the protocol: as in Redis they become spaces. */
export function error({ args, reply }: ServerContext): void {
  reply.error(args.text(2).replaceAll(/[\r\n]/g, ' '));
}

export function log(context: ServerContext): void {
  context.log(`DEBUG LOG: ${context.args.utf8(2)}`);
  context.reply.ok();
}

export function rewriteAll(context: ServerContext): void {
  const problem = context.rewriteConfig(true);
  if (problem === undefined) context.reply.ok();
  else context.reply.error(problem);
}

/** Of Redis's structures there is none here; the width of a word is the same. */
export function structSize({ reply }: ServerContext): void {
  reply.bulkText('bits:64 ');
}

export function hashTables(context: ServerContext): void {
  const { args, reply, config } = context;
  const db = args.integer(2);
  if (db === undefined) {
    reply.error(NOT_AN_INTEGER);
    return;
  }
  if (db < 0 || db >= config.get('databases')) {
    reply.error(DATABASE_OUT_OF_RANGE);
    return;
  }
  const found = context.report().databases.find((database) => database.db === Number(db));
  const table = (title: string, elements: number) =>
    elements === 0
      ? `[${title} HT]\nNo stats available for empty dictionaries\n`
      : `[${title} HT]\nHash table 0 stats (main hash table):\n number of elements: ${elements}\n`;
  reply.verbatim('txt', table('Dictionary', found?.keys ?? 0) + table('Expires', found?.expires ?? 0));
}

export function clientEviction({ reply }: ServerContext): void {
  reply.error(CLIENT_EVICTION_OFF);
}

export function reload(context: ServerContext): void {
  const { args, reply } = context;
  const given = new Set<string>();
  for (let i = 2; i < args.count; i++) {
    const option = ['merge', 'noflush', 'nosave'].find((name) => args.is(i, name));
    if (option === undefined) {
      reply.error(WRONG_RELOAD_OPTION);
      return;
    }
    given.add(option);
  }
  const answer = context.defer();
  const options = {
    isSaved: !given.has('nosave'),
    isFlushed: !given.has('noflush'),
    isMerged: given.has('merge'),
  };
  void context.persistence.reload(options).then((outcome) =>
    answer((to) => {
      if (outcome === 'loaded') to.ok();
      else to.error(outcome === 'not-saved' ? SAVE_FAILED : DUMP_NOT_LOADED);
    }),
  );
}

export function loadAof(context: ServerContext): void {
  const answer = context.defer();
  void context.persistence.reloadLog().then((isLoaded) =>
    answer((to) => {
      if (isLoaded) to.ok();
      else to.error(LOG_NOT_LOADED);
    }),
  );
}

/** A process of Node cannot start itself anew in its own place. */
export function restart({ reply }: ServerContext): void {
  reply.error(CANNOT_RESTART);
}

/** Ends the process as a crash would, without a word to anybody. */
export function crash(signal: NodeJS.Signals): (context: ServerContext) => void {
  return () => {
    process.kill(process.pid, signal);
  };
}

/** The shard that the words name by its number, or the text of an error. */
export function shardOfWord(args: Arguments, shards: number): number | string {
  const index = args.integer(2);
  if (index === undefined) return NOT_AN_INTEGER;
  if (index < 0 || index >= shards) return outOfRange(0, shards - 1);
  return Number(index);
}

export function crashShard(): void {
  throw new Error('DEBUG SHARD-CRASH');
}

export function stringMatchTest({ reply }: ServerContext): void {
  // Few different characters, so that something matches now and then.
  const anyBytes = (alphabet: string) => {
    const length = Math.floor(Math.random() * FUZZ_BYTES_MAX);
    const pick = () => alphabet[Math.floor(Math.random() * alphabet.length)];
    return Buffer.from(Array.from({ length }, pick).join(''), 'latin1');
  };
  for (let i = 0; i < FUZZ_ROUNDS; i++) {
    const text = anyBytes('abc');
    globMatches(anyBytes('abc*?[]^-\\'), text, 0, text.length);
  }
  reply.simple('Apparently Redis did not crash: test passed');
}

export function stringMatchLength({ args, reply }: ServerContext): void {
  const text = args.copy(3);
  reply.integer(globMatches(args.copy(2), text, 0, text.length) ? 1 : 0);
}
