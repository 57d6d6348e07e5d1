import { expect, test } from 'vitest';
import { createConfig } from '../../../src/config/load.ts';

test.each([
  ['save', '60', 'Invalid save parameters'],
  ['save', '60 1 x 1', 'Invalid save parameters'],
  ['save', '0 1', 'Invalid save parameters'],
  ['save', '60 -1', 'Invalid save parameters'],
  ['appendfsync', 'often', 'argument(s) must be one of the following: everysec, always, no'],
  ['rdbchecksum', 'no', "can't set immutable config"],
  ['dbfilename', 'x', "can't set protected config"],
  ['dir', '/tmp', "can't set protected config"],
])('CONFIG SET %s %j is refused in the words of Redis', (name, text, reason) => {
  expect(createConfig().set([[name, text]])).toBe(
    `ERR CONFIG SET failed (possibly related to argument '${name}') - ${reason}`,
  );
});

test('CONFIG SET dbfilename takes no path, and CONFIG SET save replaces all rules', () => {
  const config = createConfig();
  expect(config.set([['dbfilename', '../x']], true)).toBe(
    "ERR CONFIG SET failed (possibly related to argument 'dbfilename') - dbfilename can't be a path, just a filename",
  );
  expect(config.set([['save', '5 1']])).toBe(undefined);
  expect(config.set([['save', '900 1 300 10']])).toBe(undefined);
  expect(config.text('save')).toBe('900 1 300 10');
  expect(config.set([['save', '']])).toBe(undefined);
  expect(config.text('save')).toBe('');
});

test('the embeddable API takes rules of save as data and as text', () => {
  const rules = [{ seconds: 60, changes: 1 }];
  expect(createConfig({ save: rules }).get('save')).toEqual(rules);
  expect(createConfig({ save: '60 1' }).get('save')).toEqual(rules);
  expect(createConfig({ save: [] }).get('save')).toEqual([]);
});
