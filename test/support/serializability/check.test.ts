/** The checker is given histories with one thing wrong each, which it must name, and right ones, where it must find nothing. */
import { describe, expect, test } from 'vitest';
import { checkHistory } from './check.ts';
import {
  type History,
  idOf,
  idsOf,
  type Operation,
  type Outcome,
  type Transaction,
  versionOf,
} from './history.ts';

interface Span {
  readonly client?: number;
  readonly at?: readonly [sentAt: number, answeredAt: number];
  readonly outcome?: Outcome;
}

/** A transaction; without more it is its client's only one, and concurrent with all others. */
let clients = 100;
function did(span: Span, ...operations: readonly Operation[]): Transaction {
  const { client = clients++, at: [sentAt, answeredAt] = [0, 1000], outcome = 'committed' } = span;
  return { client, sentAt, answeredAt, outcome, operations, title: 'test' };
}

function append(key: string, number: number, position?: number): Operation {
  return { kind: 'append', key, id: idOf(number), position };
}

function read(key: string, ...numbers: readonly number[]): Operation {
  return { kind: 'read', key, ids: numbers.map(idOf) };
}

function kinds(...history: History): string[] {
  return checkHistory(history).map(({ kind }) => kind);
}

describe('ids', () => {
  test('are read from the value that their appends make', () => {
    const ids = [0, 1, 35, 36, 60_000_000].map(idOf);
    expect(idsOf(ids.join(''))).toEqual(ids);
    expect(versionOf(ids.join('').length)).toBe(5);
    expect(idsOf('')).toEqual([]);
  });

  test('are not found in other values', () => {
    expect(idsOf(idOf(1).slice(1))).toBeUndefined();
    expect(idsOf('abcdef')).toBeUndefined();
    expect(versionOf(7)).toBeUndefined();
  });
});

describe('nothing is wrong', () => {
  test('with a serial history', () => {
    const history = [
      did({ client: 1, at: [1, 2] }, read('a'), append('a', 1, 0), read('a', 1), append('b', 2, 0)),
      did({ client: 2, at: [3, 4] }, read('b', 2), append('a', 3, 1)),
      did({ client: 1, at: [5, 6] }, read('a', 1, 3), { kind: 'length', key: 'b', version: 1 }),
      did({ client: 1, at: [7, 8] }, { kind: 'exists', key: 'a', exists: true }),
      did({ client: 2, at: [7, 8] }, { kind: 'exists', key: 'c', exists: false }),
      did({ client: 2, at: [9, 10] }, { kind: 'copy', from: 'a', to: 'a copy', isDone: true }),
      did({ client: 1, at: [11, 12] }, append('a', 4, 2)),
      did({ client: 2, at: [13, 14] }, read('a copy', 1, 3), read('a', 1, 3, 4)),
    ];
    expect(kinds(...history)).toEqual([]);
  });

  test('with concurrent transactions that saw different parts of an order', () => {
    const history = [
      did({}, append('a', 1, 0), append('b', 2, 0)),
      did({}, append('a', 3, 1), append('b', 4, 1)),
      did({}, read('a', 1), read('b', 2)),
      did({}, read('b'), read('a')),
      did({}, read('b', 2, 4), read('a', 1, 3)),
    ];
    expect(kinds(...history)).toEqual([]);
  });

  test('with transactions that were aborted, and left nothing', () => {
    const history = [
      did({ outcome: 'aborted' }, append('a', 1)),
      did({}, { ...append('a', 2), isRefused: true } as Operation, append('a', 3, 0)),
      did({ at: [2000, 2001] }, read('a', 3)),
    ];
    expect(kinds(...history)).toEqual([]);
  });

  test('with transactions whose reply was lost, whether they happened or not', () => {
    const lost = did({ at: [1, Infinity], outcome: 'unknown' }, append('a', 1), append('b', 2));
    expect(kinds(lost, did({ at: [2, 3] }, read('a'), read('b')))).toEqual([]);
    expect(kinds(lost, did({ at: [2, 3] }, read('a', 1), read('b', 2)))).toEqual([]);
    expect(kinds(lost, did({ at: [2, 3] }, read('a', 1), read('b')))).toEqual(['G-single (read skew)']);
  });
});

describe('a cycle of dependencies is found:', () => {
  test('G0, two transactions whose writes mix', () => {
    expect(
      kinds(did({}, append('a', 1, 0), append('b', 2, 1)), did({}, append('a', 3, 1), append('b', 4, 0))),
    ).toEqual(['G0 (dirty write)']);
  });

  test('G1c, two transactions that saw each other', () => {
    expect(kinds(did({}, append('a', 1, 0), read('b', 2)), did({}, append('b', 2, 0), read('a', 1)))).toEqual(
      ['G1c (circular information flow)'],
    );
  });

  test('G1b, the middle of a transaction', () => {
    expect(kinds(did({}, append('a', 1, 0), append('a', 2, 1)), did({}, read('a', 1)))).toEqual([
      'G-single (read skew)',
    ]);
  });

  test('read skew, half of a transaction', () => {
    expect(kinds(did({}, append('a', 1, 0), append('b', 2, 0)), did({}, read('a', 1), read('b')))).toEqual([
      'G-single (read skew)',
    ]);
    expect(
      kinds(
        did({}, append('a', 1, 0), append('b', 2, 0)),
        did({}, { kind: 'length', key: 'a', version: 1 }, { kind: 'exists', key: 'b', exists: false }),
      ),
    ).toEqual(['G-single (read skew)']);
  });

  test('a lost update, two that changed what both had read', () => {
    expect(
      kinds(
        did({}, read('a'), append('a', 1, 0)),
        did({}, read('a'), append('a', 2, 1)),
        did({}, read('a', 1, 2)),
      ),
    ).toEqual(['G-single (lost update)']);
  });

  test('write skew, two that each read what the other wrote, and saw nothing', () => {
    expect(kinds(did({}, read('a'), append('b', 1, 0)), did({}, read('b'), append('a', 2, 0)))).toEqual([
      'G2 (write skew)',
    ]);
  });

  test('a long fork, two readers that saw two writes in different orders', () => {
    expect(
      kinds(
        did({}, append('a', 1, 0)),
        did({}, append('b', 2, 0)),
        did({}, read('a', 1), read('b')),
        did({}, read('a'), read('b', 2)),
      ),
    ).toEqual(['G2 (write skew)']);
  });

  test('a COPY of half of a transaction', () => {
    const history = [
      did({}, append('a', 1, 0), append('b', 2, 0)),
      did({}, { kind: 'copy', from: 'a', to: 'c', isDone: true }, read('b')),
    ];
    expect(kinds(...history)).toEqual(['G-single (read skew)']);
    expect(kinds(...history.slice(0, 1), did({}, read('c', 1)))).toEqual(['phantom']);
  });

  test('a COPY that different readers saw differently', () => {
    expect(
      kinds(
        did({}, append('a', 1, 0)),
        did({}, append('a', 2, 1)),
        did({}, { kind: 'copy', from: 'a', to: 'c', isDone: true }),
        did({}, read('c', 1)),
        did({}, read('c', 1, 2)),
      ),
    ).toEqual(['G-single (read skew)']);
  });
});

describe('the order of a client is kept:', () => {
  const writer = [
    did({ client: 1, at: [1, 9] }, append('a', 1, 0)),
    did({ client: 1, at: [1, 9] }, append('b', 2, 0)),
  ];

  test('the second of a pipeline is not there before the first', () => {
    const reader = [did({ client: 2, at: [2, 3] }, read('b', 2)), did({ client: 2, at: [4, 5] }, read('a'))];
    expect(kinds(...writer, ...reader)).toEqual(['G-single (read skew) with the order of a client']);
    const other = [did({ client: 2, at: [2, 3] }, read('a', 1)), did({ client: 2, at: [4, 5] }, read('b'))];
    expect(kinds(...writer, ...other)).toEqual([]);
  });

  test('unless nobody asks for it', () => {
    const reader = [did({ client: 2, at: [2, 3] }, read('b', 2)), did({ client: 2, at: [4, 5] }, read('a'))];
    expect(checkHistory([...writer, ...reader], { pipelinesInOrder: false })).toEqual([]);
  });

  test('a client sees what it wrote', () => {
    expect(
      kinds(did({ client: 1, at: [1, 9] }, append('a', 1, 0)), did({ client: 1, at: [1, 9] }, read('a'))),
    ).toEqual(['G-single (read skew) with the order of a client']);
  });
});

describe('real time is kept:', () => {
  test('what was answered is seen by who asks later', () => {
    const stale = (sentAt: number) => [
      did({ at: [1, 2] }, append('a', 1, 0)),
      did({ at: [sentAt, 9] }, read('a')),
    ];
    expect(kinds(...stale(3))).toEqual(['G-single (read skew) with real time']);
    expect(kinds(...stale(2))).toEqual([]);
  });

  test('what one client has seen, another that asks later sees too', () => {
    expect(
      kinds(
        did({ at: [1, 20] }, append('a', 1, 0)),
        did({ at: [2, 3] }, read('a', 1)),
        did({ at: [4, 5] }, read('a')),
      ),
    ).toEqual(['G-single (read skew) with real time']);
  });

  test('over many transactions in between', () => {
    const between = Array.from({ length: 200 }, (_, i) => did({ at: [10 + 2 * i, 11 + 2 * i] }, read('z')));
    const history = [did({ at: [1, 2] }, append('a', 1, 0)), ...between, did({ at: [900, 901] }, read('a'))];
    const [anomaly, ...others] = checkHistory(history);
    expect(others).toEqual([]);
    expect(anomaly!.text.split('\n')[0]).toMatch(/with real time: a cycle of 2 transactions$/);
  });
});

describe('without a cycle, what is found is', () => {
  test('an aborted read', () => {
    expect(kinds(did({ outcome: 'aborted' }, append('a', 1)), did({}, read('a', 1)))).toEqual([
      'G1a (aborted read)',
    ]);
    const refused = { ...append('a', 1), isRefused: true } as Operation;
    expect(kinds(did({}, refused), did({}, read('a', 1)))).toEqual(['G1a (aborted read)']);
    const copy: Operation = { kind: 'copy', from: 'a', to: 'c', isDone: undefined };
    expect(
      kinds(did({ outcome: 'aborted' }, copy), did({}, append('a', 1, 0)), did({}, read('c', 1))),
    ).toEqual(['G1a (aborted read)']);
  });

  test('a lost append', () => {
    expect(kinds(did({}, append('a', 1, 0)), did({}, append('a', 2, 0)), did({}, read('a', 2)))).toEqual([
      'lost append',
    ]);
    expect(kinds(did({ at: [1, 2] }, append('a', 1)), did({ at: [3, 4] }, read('a')))).toEqual([
      'lost append',
    ]);
    expect(kinds(did({ at: [1, 2] }, append('a', 1, 0)), did({ at: [3, 4] }, read('a')))).toEqual([
      'G-single (read skew) with real time',
    ]);
  });

  test('an append that is there twice, or somewhere else', () => {
    expect(kinds(did({}, append('a', 1, 0)), did({}, read('a', 1, 1)))).toEqual(['duplicate']);
    expect(kinds(did({}, append('a', 1, 0)), did({}, read('b', 1)))).toEqual(['phantom']);
    expect(kinds(did({}, append('a', 1, 1)), did({}, append('a', 2)), did({}, read('a', 1, 2)))).toEqual([
      'lost append',
    ]);
  });

  test('what nobody wrote', () => {
    expect(kinds(did({}, read('a', 1)))).toEqual(['phantom']);
  });

  test('reads of which neither is a beginning of the other', () => {
    expect(
      kinds(
        did({}, append('a', 1)),
        did({}, append('a', 2)),
        did({}, read('a', 1, 2)),
        did({}, read('a', 2, 1)),
      ),
    ).toEqual(['incompatible order']);
  });

  test('a transaction that does not see itself, or sees what it has yet to do', () => {
    expect(kinds(did({}, append('a', 1, 0), read('a')))).toEqual(['internal']);
    expect(kinds(did({}, append('a', 1, 0), { kind: 'exists', key: 'a', exists: false }))).toEqual([
      'internal',
    ]);
    expect(kinds(did({}, read('a', 1), append('a', 1, 0)))).toEqual(['internal']);
  });

  test('a strange reply', () => {
    expect(kinds(did({}, { kind: 'strange', text: 'GET a: 7' }))).toEqual(['strange reply']);
  });
});

test('a cycle is told as who did what, and why each stands before the next', () => {
  const history = [
    did({ client: 1, at: [1, 4] }, append('a', 1, 0), append('b', 2, 0)),
    did({ client: 2, at: [2, 3] }, read('a', 1), read('b')),
  ];
  expect(checkHistory(history).map(({ text }) => text)).toEqual([
    [
      'G-single (read skew): a cycle of 2 transactions',
      '  client 1, 1–4, test: append a 1 at 0; append b 2 at 0',
      '    appended place 0 of a, which was seen by',
      '  client 2, 2–3, test: read a [1]; read b []',
      '    saw 0 of b, and the next was appended by',
      '  the first.',
    ].join('\n'),
  ]);
});
