/**
 * Verbs in plain words beside Redis's own, for people who type at a socket and for scripts:
 * PUT, DELETE, SIZE and FLUSH (GET is the same in both). Each is one of Redis's commands by another name.
 */
import { type CommandSpec, defineCommands } from './command.ts';
import { KEY, oneKey, VALUE } from './declarations.ts';
import { keys } from './keys.ts';
import { strings } from './strings.ts';

export const plain = defineCommands([
  {
    ...verb('put', 'set', 'Stores a string at a key, as SET without options does'),
    arity: 3,
    keys: oneKey('OW', 'update'),
    arguments: [KEY, VALUE],
  },
  verb('delete', 'del', 'Deletes keys and returns how many there were, as DEL does'),
  verb('size', 'dbsize', 'Returns the number of keys in the database, as DBSIZE does'),
  verb('flush', 'flushdb', 'Deletes all keys of the database, as FLUSHDB does'),
]);

/** The command `original` under another name, without its history. */
function verb(name: string, original: string, summary: string): CommandSpec {
  const spec = [...strings, ...keys].find((command) => command.name === original)!;
  return { ...spec, name, summary, since: 'shardis', history: undefined, deprecated: undefined };
}
