import { describe, expect, test } from 'vitest';
import { complete, helpText } from '../../../src/cli/completion.ts';
import { docs } from './documented.ts';

describe('completion', () => {
  test.each([
    ['ZI', ['ZINTER '], 'ZI'],
    ['z', ['zinter', 'zrandmember'], 'z'],
    ['nosuch', [], 'nosuch'],
    ['config ', ['config get', 'config rewrite', 'config set'], 'config '],
    ['CONFIG g', ['CONFIG GET '], 'CONFIG g'],
    ['  ge', ['get '], 'ge'],
    ['get k', [], 'get k'],
    ['help @s', ['@server', '@sorted-set', '@string'], '@s'],
    ['help zi', ['zinter '], 'zi'],
    ['qu', ['quit '], 'qu'],
  ])('%j', (line, hits, part) => {
    expect(complete(docs, line)).toEqual([hits, part]);
  });

  test('offers all commands on an empty line', () => {
    expect(complete(docs, '')[0]).toEqual(expect.arrayContaining(['GET', 'CONFIG', 'CONNECT']));
    expect(complete(docs, '')[0]).not.toContain('CONFIG GET');
  });
});

describe('help', () => {
  test('on a command tells its syntax and what it does', () => {
    expect(helpText(docs, ['get'])).toBe(
      '\n  GET key\n  summary: Returns a value.\n  since: 1.0.0\n  group: string\n\n',
    );
  });

  test('on a container tells of its subcommands', () => {
    expect(helpText(docs, ['config'])).toContain('CONFIG SET parameter new-value');
    expect(helpText(docs, ['config', 'get'])).not.toContain('CONFIG SET');
  });

  test('on a group lists it', () => {
    const text = helpText(docs, ['@string']);
    expect(text).toContain('MGET key [key ...]');
    expect(text).not.toContain('ZINTER');
  });

  test('says so when there is none', () => {
    expect(helpText(docs, ['nosuch'])).toContain('no help on nosuch');
    expect(helpText([], ['get'])).toContain('no help');
    expect(helpText(docs, [])).toContain('help <command>');
  });
});
