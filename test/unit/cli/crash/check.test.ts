/** The checker of recoveries is given wrong ones: it must find every kind, and nothing in right ones. */
import { describe, expect, test } from 'vitest';
import { packBlock, sentFor, unpackBlock } from '../../../../src/cli/crash/block.ts';
import { checkHistory, checkRecovery, type Order } from '../../../../src/cli/crash/check.ts';
import { apply, type FoundState, isModelled, type State } from '../../../../src/cli/crash/effects.ts';
import { History } from '../../../../src/cli/crash/history.ts';
import { Random } from '../../../../src/base/random.ts';
import { Workload } from '../../../../src/cli/crash/workload.ts';

const NOW_MS = 1_800_000_000_000;
const MOMENT = { fromMs: NOW_MS + 1000, toMs: NOW_MS + 1010 };

/** A history of these commands, of which the first ones, all but `open`, are acknowledged. */
function historyOf(commands: readonly string[], open = 0, lossMsMax = 0): History {
  const history = new History(lossMsMax);
  const states = new Map<string, State>();
  const keys = {
    get: (key: string) => states.get(key),
    set: (key: string, state: State | undefined) => {
      if (state === undefined) states.delete(key);
      else states.set(key, state);
    },
  };
  commands.forEach((command, index) => {
    const words = command.split(' ');
    const nowMs = NOW_MS + index;
    history.send(words, nowMs);
    const reply = apply(words, keys, { fromMs: nowMs, toMs: nowMs });
    if (index < commands.length - open) expect(history.acknowledge(reply, nowMs)).toBeUndefined();
  });
  return history;
}

/** The kinds of what is wrong when the server has these keys. */
function kinds(history: History, found: Record<string, string | FoundState>, order: Order = 'key'): string[] {
  const keys = new Map(
    Object.entries(found).map(([key, state]) => [key, typeof state === 'string' ? { value: state } : state]),
  );
  return checkHistory(history, { moment: MOMENT, keys }, order).map(({ kind, key }) => `${kind} ${key}`);
}

describe('what was acknowledged', () => {
  test('is all there after a right recovery', () => {
    const history = historyOf([
      'SET a 1',
      'APPEND a x',
      'SETRANGE a 4 y',
      'INCR n',
      'INCR n',
      'SET b 1',
      'DEL b',
    ]);
    expect(kinds(history, { a: '1x\0\0y', n: '2' })).toEqual([]);
  });

  test('is lost when the key is not there, or holds what it held before', () => {
    const history = historyOf(['SET a 1', 'SET a 2', 'SET b 1']);
    expect(kinds(history, { a: '2' })).toEqual(['lost b']);
    expect(kinds(history, { a: '1', b: '1' })).toEqual(['lost a']);
    expect(kinds(history, {})).toEqual(['lost a', 'lost b']);
  });

  test('is lost when a deleted or renamed key comes back', () => {
    const history = historyOf(['SET a 1', 'DEL a', 'SET b 2', 'RENAME b c']);
    expect(kinds(history, { c: '2' })).toEqual([]);
    expect(kinds(history, { a: '1', c: '2' })).toEqual(['lost a']);
    expect(kinds(history, { b: '2', c: '2' })).toEqual(['lost b']);
    expect(kinds(history, { b: '2' })).toEqual(['lost b', 'lost c']);
  });

  test('is lost when a key has no expiry, or the one that it had before', () => {
    const atMs = NOW_MS + 1_000_000;
    const history = historyOf(['SET a 1', `PEXPIREAT a ${atMs}`, `PEXPIREAT a ${atMs + 5000}`]);
    expect(kinds(history, { a: { value: '1', expiryMs: atMs + 5000 } })).toEqual([]);
    expect(kinds(history, { a: { value: '1', expiryMs: atMs } })).toEqual(['lost a']);
    expect(kinds(history, { a: '1' })).toEqual(['lost a']);
    expect(kinds(history, { a: { value: '1', expiryMs: atMs + 9000 } })).toEqual(['phantom a']);
  });

  test('may be lost for so long as is allowed before the crash, in order', () => {
    const history = historyOf(['SET a 1', 'SET a 2', 'SET a 3', 'SET a 4'], 0, 2);
    for (const value of ['2', '3', '4']) expect(kinds(history, { a: value })).toEqual([]);
    expect(kinds(history, { a: '1' })).toEqual(['lost a']);
  });
});

describe('expired keys', () => {
  const past = NOW_MS + 500;
  const future = NOW_MS + 100_000;

  test('are gone, and must be', () => {
    const history = historyOf(['SET a 1', `PEXPIREAT a ${past}`]);
    expect(kinds(history, {})).toEqual([]);
    expect(kinds(history, { a: { value: '1', expiryMs: past } })).toEqual(['phantom a']);
  });

  test('are there until then', () => {
    const history = historyOf([`SET a 1 PXAT ${future}`, 'SET b 2', 'EXPIRE b 100']);
    const b = { value: '2', expiryMs: NOW_MS + 2 + 100_000 };
    expect(kinds(history, { a: { value: '1', expiryMs: future }, b })).toEqual([]);
    expect(kinds(history, { b })).toEqual(['lost a']);
  });

  test('are deleted by a time that has passed', () => {
    expect(kinds(historyOf(['SET a 1', 'PEXPIREAT a 1000', 'INCR a']), { a: '1' })).toEqual([]);
  });
});

describe('what was never written', () => {
  test('is a phantom: a value, a key, another length', () => {
    const history = historyOf(['SET a 1', 'SET b 2']);
    expect(kinds(history, { a: '9', b: '2' })).toEqual(['phantom a']);
    expect(kinds(history, { a: '1', b: '2\0' })).toEqual(['phantom b']);
    const keys = new Map([
      ['a', { value: '1' }],
      ['b', { value: '2' }],
      ['z', { value: '2' }],
    ]);
    const [only, ...others] = checkRecovery([history], { moment: MOMENT, keys }, 'key');
    expect(others).toEqual([]);
    expect(only).toMatchObject({ kind: 'phantom', key: 'z' });
  });

  test('is a phantom when a later command came without an earlier one of the key', () => {
    const history = historyOf(['SET a 1', 'APPEND a 2', 'APPEND a 3'], 2);
    for (const value of ['1', '12', '123']) expect(kinds(history, { a: value })).toEqual([]);
    expect(kinds(history, { a: '13' })).toEqual(['phantom a']);
  });
});

describe('commands in flight', () => {
  test('survive or do not', () => {
    const history = historyOf(['SET a 1', 'SET a 2', 'DEL a'], 2);
    expect(kinds(history, { a: '1' })).toEqual([]);
    expect(kinds(history, { a: '2' })).toEqual([]);
    expect(kinds(history, {})).toEqual([]);
    expect(kinds(history, { a: '3' })).toEqual(['phantom a']);
  });

  test('of an MSET survive all or none', () => {
    const history = historyOf(['SET a 1', 'SET b 1', 'MSET a 2 b 2 c 2'], 1);
    expect(kinds(history, { a: '1', b: '1' })).toEqual([]);
    expect(kinds(history, { a: '2', b: '2', c: '2' })).toEqual([]);
    expect(kinds(history, { a: '2', b: '1' })).toEqual(['torn a']);
    expect(kinds(history, { a: '2', b: '2' })).toEqual(['torn a']);
    expect(kinds(history, { a: '1', b: '1', c: '2' })).toEqual(['torn a']);
  });

  test('of a RENAME or a DEL survive for both keys or none', () => {
    const renamed = historyOf(['SET a 1', 'SET b 2', 'RENAME a b'], 1);
    expect(kinds(renamed, { b: '1' })).toEqual([]);
    expect(kinds(renamed, { a: '1', b: '2' })).toEqual([]);
    expect(kinds(renamed, { b: '2' })).toEqual(['torn a']);
    expect(kinds(renamed, { a: '1', b: '1' })).toEqual(['torn a']);
    expect(kinds(historyOf(['SET a 1', 'SET b 2', 'DEL a b'], 1), { a: '1' })).toEqual(['torn a']);
  });

  test('tie the commands before and behind them', () => {
    const history = historyOf(
      ['SET a 1', 'SET b 1', 'SET a 2', 'MSET a 3 b 3', 'MSET b 4 c 4', 'SET c 5'],
      4,
    );
    expect(kinds(history, { a: '2', b: '1' })).toEqual([]);
    expect(kinds(history, { a: '3', b: '4', c: '5' })).toEqual([]);
    // The second MSET is behind the first on key b, but the first one's key a is not there.
    expect(kinds(history, { a: '2', b: '4', c: '4' })).toEqual(['torn a']);
    expect(kinds(history, { a: '3', b: '3', c: '5' })).toEqual(['torn b']);
  });

  test('are told apart although they leave what was there before', () => {
    const history = historyOf(['SET a 1', 'DEL a', 'MSET a 2 b 2', 'DEL a'], 2);
    expect(kinds(history, {})).toEqual([]);
    expect(kinds(history, { b: '2' })).toEqual([]);
    expect(kinds(history, { a: '2', b: '2' })).toEqual([]);
    expect(kinds(history, { a: '2' })).toEqual(['torn a']);
  });

  test('of one connection survive in order, where that is asked for', () => {
    const history = historyOf(['SET a 1', 'SET b 1', 'SET a 2', 'SET b 2'], 2);
    for (const order of ['key', 'connection'] as const) {
      expect(kinds(history, { a: '1', b: '1' }, order)).toEqual([]);
      expect(kinds(history, { a: '2', b: '1' }, order)).toEqual([]);
      expect(kinds(history, { a: '2', b: '2' }, order)).toEqual([]);
    }
    expect(kinds(history, { a: '1', b: '2' }, 'key')).toEqual([]);
    expect(kinds(history, { a: '1', b: '2' }, 'connection')).toEqual(['reordered a']);
  });
});

describe('a history', () => {
  test('knows every reply', () => {
    const history = new History();
    history.send(['INCR', 'n'], NOW_MS);
    history.send(['APPEND', 'a', 'xy'], NOW_MS);
    expect(history.acknowledge(':1', NOW_MS)).toBeUndefined();
    expect(history.acknowledge(':3', NOW_MS)).toContain(':2 is right');
  });

  test('goes on from what was found', () => {
    const history = historyOf(['SET a 1', 'SET a 2'], 1);
    history.adopt(new Map([['a', { value: '2' }]]));
    expect(kinds(history, { a: '2' })).toEqual([]);
    expect(kinds(history, { a: '1' })).toEqual(['phantom a']);
    expect(history.open()).toEqual([]);
  });
});

/** What the server has when the first `survivors` commands of the workload did. */
function recoverFirst(commands: readonly (readonly string[])[], survivors: number): Map<string, FoundState> {
  const states = new Map<string, FoundState>();
  const keys = {
    get: (key: string): State | undefined => {
      const state = states.get(key);
      if (state === undefined) return undefined;
      const { value, expiryMs } = state;
      return { value, ...(expiryMs !== undefined && { expiry: { minMs: expiryMs, maxMs: expiryMs } }) };
    },
    set: (key: string, state: State | undefined) => {
      if (state === undefined) states.delete(key);
      else states.set(key, { value: state.value, ...(state.expiry && { expiryMs: state.expiry.minMs }) });
    },
  };
  const moment = { fromMs: NOW_MS, toMs: NOW_MS };
  for (const words of commands.slice(0, survivors)) apply(words, keys, moment);
  for (const [key, { expiryMs }] of states) {
    if (expiryMs !== undefined && expiryMs < MOMENT.fromMs) states.delete(key);
  }
  return states;
}

describe('a transaction', () => {
  const first = 'MSET a 0 b 0 c 0';
  const second = 'MULTI 3 SET a 1 2 INCR n 3 SET b 1';

  test('is whole or not there', () => {
    const history = historyOf([first, second], 1);
    expect(kinds(history, { a: '0', b: '0', c: '0' })).toEqual([]);
    expect(kinds(history, { a: '1', b: '1', c: '0', n: '1' })).toEqual([]);
    expect(kinds(history, { a: '1', b: '0', c: '0' })).toEqual(['torn a']);
    expect(kinds(history, { a: '1', b: '1', c: '0' })).toEqual(['torn a']);
    expect(kinds(history, { a: '0', b: '0', c: '0', n: '1' })).toEqual(['torn a']);
  });

  test('is lost when it was acknowledged and is not there', () => {
    const history = historyOf([first, second]);
    expect(kinds(history, { a: '1', b: '1', c: '0', n: '1' })).toEqual([]);
    expect(kinds(history, { a: '0', b: '0', c: '0' })).toEqual(['lost a', 'lost b', 'lost n']);
  });

  test('may change a key more than once', () => {
    const history = historyOf(['SET a 0', 'MULTI 3 SET a 1 3 APPEND a 2 2 DEL b 3 SET b 3'], 1);
    expect(kinds(history, { a: '12', b: '3' })).toEqual([]);
    expect(kinds(history, { a: '1', b: '3' })).toEqual(['phantom a']);
  });

  test('is answered with the replies to its commands', () => {
    const history = new History();
    const words = packBlock([
      ['SET', 'a', '1'],
      ['INCR', 'a'],
      ['RENAME', 'x', 'y'],
    ]);
    history.send(words, NOW_MS);
    expect(history.acknowledge('[+OK :2 -ERR no such key]', NOW_MS)).toBeUndefined();
    history.send(words, NOW_MS);
    expect(history.acknowledge('(null)', NOW_MS)).toContain('MULTI 3 SET a 1');
  });

  test('is sent as what it stands for', () => {
    const commands = [
      ['SET', 'a', '1'],
      ['INCR', 'a'],
    ];
    expect(unpackBlock(packBlock(commands))).toEqual(commands);
    expect(sentFor(packBlock(commands))).toEqual([['MULTI'], ...commands, ['EXEC']]);
    expect(sentFor(['SET', 'a', '1'])).toEqual([['SET', 'a', '1']]);
  });

  test.each([
    'MULTI',
    'MULTI 1',
    'MULTI x SET a 1',
    'MULTI 4 SET a 1',
    'MULTI 2 GET a',
    'MULTI 4 MULTI 2 DEL a',
  ])('is not what stands for none: %s', (line) => expect(isModelled(line.split(' '))).toBe(false));
});

describe('random commands', () => {
  test('are found whole after every prefix of those in flight, and wanting after less', () => {
    const caught = { lost: 0, of: 0 };
    for (let seed = 1; seed <= 60; seed++) {
      const history = new History();
      const workload = new Workload(new Random(seed), 'w', history, {
        keys: 10,
        counters: 2,
        hasTransactions: true,
      });
      const commands: string[][] = [];
      for (let i = 0; i < 120; i++) {
        const words = workload.next(NOW_MS);
        history.send(words, NOW_MS);
        commands.push(words);
      }
      const acknowledged = 80;
      for (let i = 0; i < acknowledged; i++) history.acknowledgeNext(NOW_MS);
      for (let survivors = acknowledged; survivors <= commands.length; survivors++) {
        const keys = recoverFirst(commands, survivors);
        expect(checkRecovery([history], { moment: MOMENT, keys }, 'connection')).toEqual([]);
      }
      for (let survivors = 0; survivors < acknowledged; survivors++) {
        const keys = recoverFirst(commands, survivors);
        const whole = recoverFirst(commands, acknowledged);
        // A command without an effect leaves nothing to miss.
        if (JSON.stringify([...keys].sort()) === JSON.stringify([...whole].sort())) continue;
        caught.of++;
        if (checkRecovery([history], { moment: MOMENT, keys }, 'connection').length > 0) caught.lost++;
      }
    }
    expect(caught.of).toBeGreaterThan(4000);
    expect(caught.lost).toBe(caught.of);
  });
});
