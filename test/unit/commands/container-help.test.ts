import { expect, test } from 'vitest';
import type { ArgumentSpec } from '../../../src/commands/command.ts';
import { helpLines, syntaxOf } from '../../../src/commands/container-help.ts';
import { CommandTable } from '../../../src/commands/table.ts';

const table = new CommandTable();
const containers = table.top.filter(({ children }) => children.some(({ name }) => name === 'help'));

test.each(containers)('HELP of $name begins and ends as in Redis and names every subcommand', (container) => {
  const lines = helpLines(container);
  expect(lines[0]).toBe(
    `${container.name.toUpperCase()} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:`,
  );
  expect(lines.slice(-2)).toEqual(['HELP', '    Print this help.']);
  const titles = lines.filter((line) => !line.startsWith(' ')).map((line) => line.split(' ')[0]);
  for (const child of container.children) expect(titles).toContain(child.name.toUpperCase());
});

test('no line of HELP is wider than a terminal', () => {
  const summaries = containers.flatMap(helpLines).filter((line) => line.startsWith('    '));
  for (const line of summaries) expect(line.length).toBeLessThanOrEqual(80);
});

const value: ArgumentSpec = { name: 'value', type: 'string' };
const choice: ArgumentSpec = {
  name: 'choice',
  type: 'oneof',
  arguments: [
    { name: 'a', type: 'pure-token', token: 'A' },
    { name: 'seconds', type: 'integer', token: 'EX' },
  ],
};

test.each<[string, ArgumentSpec[]]>([
  ['<value>', [value]],
  ['[<value>]', [{ ...value, optional: true }]],
  ['<value> [<value> ...]', [{ ...value, multiple: true }]],
  ['[<value> [<value> ...]]', [{ ...value, optional: true, multiple: true }]],
  ['[MATCH <value>]', [{ ...value, token: 'MATCH', optional: true }]],
  ['[ID <value> [<value> ...]]', [{ ...value, token: 'ID', optional: true, multiple: true }]],
  ['GET <value> [GET <value> ...]', [{ ...value, token: 'GET', multiple: true, multipleToken: true }]],
  ['(A|EX <seconds>)', [choice]],
  ['[A|EX <seconds>]', [{ ...choice, optional: true }]],
  ['(A|EX <seconds>) [(A|EX <seconds>) ...]', [{ ...choice, multiple: true }]],
  [
    '[ID <value>]',
    [
      {
        name: 'filter',
        type: 'oneof',
        optional: true,
        arguments: [{ ...value, token: 'ID', optional: true }],
      },
    ],
  ],
  [
    '<a-name-that-is-longer-than-all-the-others> [...]',
    [{ name: 'a-name-that-is-longer-than-all-the-others', type: 'string', multiple: true }],
  ],
  ['[TYPE (A|EX <seconds>)]', [{ ...choice, token: 'TYPE', optional: true }]],
  [
    '<key> [<value> <value>]',
    [
      { name: 'key', type: 'key' },
      { name: 'pair', type: 'block', optional: true, arguments: [value, value] },
    ],
  ],
])('writes the syntax %s', (text, specs) => {
  expect(syntaxOf(specs)).toBe(text);
});

test('only a container that can be called alone says what that does', () => {
  expect(helpLines(table.byName('command')!)[1]).toBe('(no subcommand)');
  expect(helpLines(table.byName('debug')!)).not.toContain('(no subcommand)');
});
