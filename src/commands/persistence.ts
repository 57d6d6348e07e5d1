/** Commands that have the data written to disk. */
import {
  BASE_IN_PROGRESS,
  OTHER_SNAPSHOT_IN_PROGRESS,
  SAVE_FAILED,
  SAVE_IN_PROGRESS,
  SYNTAX_ERROR,
} from '../protocol/errors.ts';
import { type CommandFlag, defineCommands } from './command.ts';
import type { ServerContext } from './context.ts';
import { token } from './declarations.ts';

const FLAGS: readonly CommandFlag[] = ['admin', 'noscript', 'no_async_loading'];

export const persistence = defineCommands([
  {
    name: 'save',
    group: 'server',
    since: '1.0.0',
    summary: 'Writes all databases to disk and answers when that is done',
    complexity: 'O(N) where N is the total number of keys in all databases',
    arity: 1,
    flags: [...FLAGS, 'no_multi'],
    placement: { at: 'server', handler: save, afterReplies: true },
  },
  {
    name: 'bgsave',
    group: 'server',
    since: '1.0.0',
    summary: 'Begins to write all databases to disk',
    complexity: 'O(1)',
    arity: -1,
    flags: FLAGS,
    arguments: [{ ...token('SCHEDULE', '3.2.2'), optional: true }],
    history: [['3.2.2', 'Added the `SCHEDULE` option.']],
    placement: { at: 'server', handler: backgroundSave, afterReplies: true },
  },
  {
    name: 'lastsave',
    group: 'server',
    since: '1.0.0',
    summary: 'Returns when all databases were last written to disk, in seconds since 1970',
    complexity: 'O(1)',
    arity: 1,
    flags: ['loading', 'stale', 'fast'],
    categories: ['admin', 'dangerous'],
    tips: ['nondeterministic_output'],
    placement: { at: 'server', handler: lastSave },
  },
  {
    name: 'bgrewriteaof',
    group: 'server',
    since: '1.0.0',
    summary: 'Begins to write the log anew, without what later changes have made useless',
    complexity: 'O(1)',
    arity: 1,
    flags: FLAGS,
    placement: { at: 'server', handler: rewriteLog, afterReplies: true },
  },
]);

/** In Redis everybody waits, here only the client that asks. */
function save(context: ServerContext): void {
  const saving = context.persistence.save();
  if (saving === undefined) {
    context.reply.error(SAVE_IN_PROGRESS);
    return;
  }
  const answer = context.defer();
  void saving.then((isSaved) =>
    answer((reply) => {
      if (isSaved) reply.ok();
      else reply.error(SAVE_FAILED);
    }),
  );
}

function backgroundSave({ args, reply, persistence: service }: ServerContext): void {
  const maySchedule = args.count === 2 && args.is(1, 'schedule');
  if (args.count > 1 && !maySchedule) {
    reply.error(SYNTAX_ERROR);
    return;
  }
  switch (service.startDump(maySchedule)) {
    case 'started':
      reply.simple('Background saving started');
      break;
    case 'scheduled':
      reply.simple('Background saving scheduled');
      break;
    case 'running':
      reply.error(SAVE_IN_PROGRESS);
      break;
    default:
      reply.error(OTHER_SNAPSHOT_IN_PROGRESS);
  }
}

function lastSave({ reply, persistence: service }: ServerContext): void {
  reply.integer(service.lastSaveSeconds);
}

function rewriteLog({ reply, persistence: service }: ServerContext): void {
  const outcome = service.startBase();
  if (outcome === 'running') reply.error(BASE_IN_PROGRESS);
  else reply.simple(`Background append only file rewriting ${outcome}`);
}
