/** Channels, of which the table has no commands yet: rules against a table of its own. */
import { expect, test } from 'vitest';
import { Restriction } from '../../../src/acl/restriction.ts';
import { RuleContext } from '../../../src/acl/rule-context.ts';
import { ALLOWED, CHANNEL_DENIED, COMMAND_DENIED, KEY_DENIED } from '../../../src/acl/selector.ts';
import { UserRules } from '../../../src/acl/user.ts';
import type { CommandSpec } from '../../../src/commands/command.ts';
import { CommandTable } from '../../../src/commands/table.ts';
import { Arguments } from '../../../src/protocol/arguments.ts';

function spec(name: string, changes: Partial<CommandSpec>): CommandSpec {
  return {
    name,
    group: 'server',
    since: '2.0.0',
    summary: '',
    complexity: '',
    arity: -2,
    flags: ['pubsub'],
    placement: { at: 'server', handler: () => {} },
    ...changes,
  };
}

const table = new CommandTable([
  spec('publish', { channels: { first: 1, last: 1 }, arity: 3 }),
  spec('subscribe', { channels: { first: 1, last: -1 } }),
  spec('psubscribe', { channels: { first: 1, last: -1, arePatterns: true } }),
  spec('move', { keys: { first: 1, last: 1, step: 1, flags: ['access'] }, channels: { first: 2, last: 2 } }),
]);
const context = new RuleContext(table, () => false);

function check(rules: readonly string[], ...words: string[]): [result: number, word: number] {
  const user = new UserRules(context);
  for (const rule of rules) expect(user.apply(rule)).toBe(undefined);
  const args = new Arguments();
  args.setWords(words.map((word) => Buffer.from(word, 'latin1')));
  const { restriction } = user;
  expect(restriction).toBeInstanceOf(Restriction);
  return [restriction!.check(table.find(args)!, args), restriction!.deniedWord];
}

test('a channel must match a pattern', () => {
  const rules = ['+@all', '&news:*', '&chat'];
  expect(check(rules, 'PUBLISH', 'news:1', 'x')).toEqual([ALLOWED, 0]);
  expect(check(rules, 'PUBLISH', 'other', 'x')).toEqual([CHANNEL_DENIED, 1]);
  expect(check(rules, 'SUBSCRIBE', 'chat', 'news:2')).toEqual([ALLOWED, 0]);
  expect(check(rules, 'SUBSCRIBE', 'chat', 'chats', 'news:2')).toEqual([CHANNEL_DENIED, 2]);
  expect(check(['+@all', '&*'], 'SUBSCRIBE', 'anything')).toEqual([ALLOWED, 0]);
  expect(check(['+@all'], 'SUBSCRIBE', 'anything')).toEqual([CHANNEL_DENIED, 1]);
});

test('a pattern of channels must have been given as it is', () => {
  const rules = ['+@all', '&news:*', '&chat'];
  expect(check(rules, 'PSUBSCRIBE', 'news:*')).toEqual([ALLOWED, 0]);
  expect(check(rules, 'PSUBSCRIBE', 'chat', 'news:1*')).toEqual([CHANNEL_DENIED, 2]);
});

test('of several selectors the reason that came furthest is given', () => {
  const rules = ['(+publish)', '(+move)', '(+move ~a)', '(+move ~a &b)'];
  expect(check(rules, 'SUBSCRIBE', 'c')).toEqual([COMMAND_DENIED, 0]);
  expect(check(rules, 'MOVE', 'x', 'c')).toEqual([KEY_DENIED, 1]);
  expect(check(rules, 'MOVE', 'a', 'c')).toEqual([CHANNEL_DENIED, 2]);
  expect(check(rules, 'MOVE', 'a', 'b')[0]).toBe(ALLOWED);
});
