import { PassThrough } from 'node:stream';
import { afterEach, expect, test } from 'vitest';
import { LineEditor } from '../../../src/cli/line-editor.ts';

let editor: LineEditor | undefined;
afterEach(() => editor?.close());

const turn = () => new Promise((resolve) => setTimeout(resolve, 5));

/** An editor whose keys the test types, and whose output it sees. */
function open(hint: (line: string) => string = () => '') {
  const input = new PassThrough();
  const output = Object.assign(new PassThrough(), { columns: 40 });
  let shown = '';
  output.on('data', (chunk: Buffer) => {
    shown += chunk.toString('utf8');
  });
  const history: string[] = [];
  editor = new LineEditor({
    ...{ input, output, history, historySize: 10, hint },
    isSecret: (line) => line.startsWith('auth'),
    complete: (line) => [line === 'ge' ? ['get '] : [], line],
  });
  const type = async (keys: string) => {
    input.write(keys);
    await turn();
  };
  const take = () => {
    const text = shown;
    shown = '';
    return text;
  };
  return { editor, type, take };
}

test('reads lines, also those that came before they were asked for', async () => {
  const { editor, type } = open();
  const first = editor.readLine('> ');
  await type('one\rtwo\rthr');
  expect(await first).toBe('one');
  expect(await editor.readLine('> ')).toBe('two');
  const third = editor.readLine('> ');
  await type('ee\r');
  expect(await third).toBe('three');
});

test('shows a hint behind the line and takes it away before the next key', async () => {
  const { editor, type, take } = open((line) => (line === 'get' ? ' key' : ''));
  void editor.readLine('> ');
  await type('get');
  expect(take().endsWith('get\x1b[90m key\x1b[0m\x1b[4D')).toBe(true);
  await type('x');
  expect(take()).toBe('\x1b[Kx');
});

test('a hint stays within its row', async () => {
  const { editor, type, take } = open(() => ' '.repeat(10).concat('x'.repeat(100)));
  void editor.readLine('> ');
  await type('a');
  expect(take().split('\x1b[90m')[1]!.split('\x1b')[0]).toHaveLength(40 - 3 - 1);
});

test('completes with the tab key', async () => {
  const { editor, type } = open();
  const line = editor.readLine('> ');
  await type('ge');
  await type('\t');
  await type('k\r');
  expect(await line).toBe('get k');
});

test('Ctrl-C drops the line, and ends on an empty one', async () => {
  const { editor, type } = open();
  const line = editor.readLine('> ');
  await type('abc\x03');
  await type('d\r');
  expect(await line).toBe('d');
  const end = editor.readLine('> ');
  await type('\x03');
  expect(await end).toBeUndefined();
});

test('Ctrl-D on an empty line ends', async () => {
  const { editor, type } = open();
  const end = editor.readLine('> ');
  await type('\x04');
  expect(await end).toBeUndefined();
  expect(await editor.readLine('> ')).toBeUndefined();
});

test('Ctrl-C is told while no line is read', async () => {
  const { editor, type } = open();
  let interrupts = 0;
  editor.onInterrupt = () => interrupts++;
  await type('\x03');
  expect(interrupts).toBe(1);
});

test('the history has the lines before, but for secret ones', async () => {
  const { editor, type } = open();
  for (const line of ['get a', 'auth secret']) {
    const read = editor.readLine('> ');
    await type(`${line}\r`);
    expect(await read).toBe(line);
  }
  const again = editor.readLine('> ');
  await type('\x1b[A\r');
  expect(await again).toBe('get a');
});

test('prints above the line that is being typed', async () => {
  const { editor, type, take } = open();
  void editor.readLine('> ');
  await type('abc');
  take();
  editor.print('message\n');
  await turn();
  const text = take();
  expect(text.startsWith('\x1b[1G\x1b[0Jmessage\n')).toBe(true);
  expect(text).toContain('> abc');
});
