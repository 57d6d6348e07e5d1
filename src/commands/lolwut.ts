/** LOLWUT: a picture, another one each time. Ours are hills at night. */
import { NOT_AN_INTEGER } from '../protocol/errors.ts';
import type { CommandSpec } from './command.ts';
import type { ServerContext } from './context.ts';
import { REDIS_VERSION } from './redis-version.ts';

const COLUMNS = 66;
const ROWS = 10;
const STARS = 18;

export const lolwut: CommandSpec = {
  name: 'lolwut',
  group: 'server',
  since: '5.0.0',
  summary: 'Draws a picture and says which version of Redis this is',
  complexity: 'O(1)',
  arity: -1,
  flags: ['readonly', 'fast'],
  arguments: [{ name: 'version', type: 'integer', token: 'VERSION', optional: true }],
  placement: { at: 'server', handler: draw },
};

function draw({ args, reply }: ServerContext): void {
  // The versions of Redis draw different pictures; we have one for all of them.
  if (args.count >= 3 && args.is(1, 'version') && args.integer(2) === undefined) {
    reply.error(NOT_AN_INTEGER);
    return;
  }
  reply.verbatim('txt', `${hills()}\nRedis ver. ${REDIS_VERSION}\n`);
}

function hills(): string {
  const phases = [random(0, 6.28), random(0, 6.28), random(0, 6.28)];
  const stars = Array.from({ length: STARS }, () => Math.floor(random(0, COLUMNS * ROWS)));
  const moon = Math.floor(random(4, COLUMNS - 4));
  let text = '';
  for (let row = 0; row < ROWS; row++) {
    let line = '';
    for (let column = 0; column < COLUMNS; column++) {
      line += dot(row, column, phases, stars.includes(row * COLUMNS + column), moon);
    }
    text += `${line.trimEnd()}\n`;
  }
  return text;
}

function dot(row: number, column: number, phases: readonly number[], isStar: boolean, moon: number): string {
  const ridges = phases.map((phase, hill) => {
    const waves = Math.sin(column / (7 + hill * 4) + phase) + Math.sin(column / 3.1 + phase * 2) / 3;
    return ROWS * (0.45 + hill * 0.18) - waves * (2.4 - hill * 0.5);
  });
  // The hill nearest to us hides the others.
  for (let hill = ridges.length - 1; hill >= 0; hill--) {
    const depth = row - ridges[hill]!;
    if (depth >= 0) return depth < 1 ? '^' : '.:#'[hill]!;
  }
  if (row === 1 && column === moon) return 'O';
  return isStar ? '*' : ' ';
}

function random(from: number, to: number): number {
  return from + Math.random() * (to - from);
}
