import { describe, expect, test } from 'vitest';
import { readDocs } from '../../../src/cli/docs.ts';
import { hintFor, syntaxOf } from '../../../src/cli/hints.ts';
import { docs, docsReply } from './documented.ts';

describe('COMMAND DOCS', () => {
  test('says the same in RESP2 and RESP3', () => {
    expect(readDocs(docsReply(2))).toEqual(readDocs(docsReply(3)));
    expect(docs.map(({ words }) => words.join(' '))).toContain('CONFIG GET');
  });

  test('is empty when the server does not know it', () => {
    expect(readDocs({ type: 'error', text: "ERR unknown command 'COMMAND'" })).toEqual([]);
    expect(readDocs({ type: 'array', items: [] })).toEqual([]);
  });

  test('cannot send control sequences to the terminal', () => {
    const [command] = readDocs(docsReply(3, { 'a\x1b[31m': { summary: 'b\x07', group: 'c\n' } }));
    expect(JSON.stringify(command)).not.toContain('\\u');
  });

  test('a syntax has brackets, bars and dots', () => {
    const syntax = (name: string) => syntaxOf(docs.find(({ words }) => words.join(' ') === name)!.arguments);
    expect(syntax('SET')).toBe('key value [NX|XX] [GET] [EX seconds|PX milliseconds|KEEPTTL]');
    expect(syntax('MGET')).toBe('key [key ...]');
    expect(syntax('SORT')).toBe('key [GET pattern [GET pattern ...]]');
    expect(syntax('ZINTER')).toBe('numkeys key [key ...] [WEIGHTS weight [weight ...]] [WITHSCORES]');
    expect(syntax('CONFIG SET')).toBe('parameter new-value [parameter new-value ...]');
  });
});

describe('hints', () => {
  const set = '[NX|XX] [GET] [EX seconds|PX milliseconds|KEEPTTL]';

  test.each([
    ['', ''],
    ['nosuch ', ''],
    ['ge', ''],
    ['get', ' key'],
    ['get ', 'key'],
    ['GET abc', ' key'],
    ['GET abc ', ''],
    ['GET abc more ', ''],
    ['get "a b" ', ''],
    ['get "a b', ''],
    ['mget k ', '[key ...]'],
    ['mget k k ', '[key ...]'],
    ['set k v ', set],
    ['set k v N', ` ${set}`],
    ['set k v nx ', '[GET] [EX seconds|PX milliseconds|KEEPTTL]'],
    ['set k v EX ', 'seconds [NX|XX] [GET]'],
    ['set k v EX 10 ', '[NX|XX] [GET]'],
    ['set k v KEEPTTL GET ', '[NX|XX]'],
    ['set k v NX XX ', ''],
    ['set k v EX soon ', ''],
    ['blpop a b ', '[key ...] timeout'],
    ['zrandmember k ', '[count [WITHSCORES]]'],
    ['zrandmember k 3 ', '[WITHSCORES]'],
    ['zrandmember k 3 withscores ', ''],
    ['zrandmember k x ', ''],
    ['zinter 2 a b ', '[key ...] [WEIGHTS weight [weight ...]] [WITHSCORES]'],
    ['zinter 2 a b weights ', 'weight [weight ...] [WITHSCORES]'],
    ['zinter 2 a b weights 1 2 ', '[weight ...] [WITHSCORES]'],
    ['zinter 2 a b weights 1 2 withscores ', ''],
    ['sort k GET ', 'pattern [GET pattern ...]'],
    ['sort k GET a GET b ', '[GET pattern ...]'],
    ['config ', ''],
    ['config set', ' parameter new-value [parameter new-value ...]'],
    ['config set a ', 'new-value [parameter new-value ...]'],
    ['config set a 1 ', '[parameter new-value ...]'],
  ])('%j is followed by %j', (line, hint) => {
    expect(hintFor(docs, line)).toBe(hint);
  });

  test('there are none without documentation', () => {
    expect(hintFor([], 'get ')).toBe('');
  });
});
