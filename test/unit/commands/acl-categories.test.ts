import { expect, test } from 'vitest';
import { categoriesOf } from '../../../src/commands/acl-categories.ts';
import { CommandTable } from '../../../src/commands/table.ts';

const table = new CommandTable();

/** As Redis 7.2 has them. */
test.each([
  ['get', ['read', 'string', 'fast']],
  ['set', ['write', 'string', 'slow']],
  ['del', ['keyspace', 'write', 'slow']],
  ['ping', ['fast', 'connection']],
  ['client', ['slow']],
  ['client|kill', ['admin', 'slow', 'dangerous', 'connection']],
  ['config', ['slow']],
  ['config|get', ['admin', 'slow', 'dangerous']],
  ['command', ['slow', 'connection']],
  ['command|docs', ['slow', 'connection']],
  ['info', ['slow', 'dangerous']],
  ['time', ['fast']],
  ['msetnx', ['write', 'string', 'slow']],
  ['bitop', ['write', 'bitmap', 'slow']],
  ['sort', ['write', 'set', 'sortedset', 'list', 'slow', 'dangerous']],
  ['swapdb', ['keyspace', 'write', 'fast', 'dangerous']],
  ['object', ['slow']],
  ['object|freq', ['keyspace', 'read', 'slow']],
])('%s is in the categories that its flags and its group give', (name, categories) => {
  expect(categoriesOf(table.byName(name)!)).toEqual(categories);
});
