import { beforeEach, expect, test } from 'vitest';
import { ReplyError } from '../../support/decoder.ts';
import { FakeServer } from './fake-server.ts';

let server: FakeServer;
beforeEach(() => {
  server = new FakeServer();
});

test('SAVE answers when the dump is on the disk', async () => {
  server.answers.save = new Promise(() => {});
  expect(await server.runLater('SAVE')).toBe(undefined);
  server.answers.save = Promise.resolve(true);
  expect(server.run('SAVE')).toBe(undefined);
  await new Promise((resolve) => setImmediate(resolve));
  expect(server.taken()).toBe('OK');
  server.answers.save = Promise.resolve(false);
  expect(await server.runLater('SAVE')).toEqual(new ReplyError('ERR'));
  server.answers.save = undefined;
  expect(server.run('SAVE')).toEqual(new ReplyError('ERR Background save already in progress'));
});

test('BGSAVE says what becomes of it', () => {
  expect(server.run('BGSAVE')).toBe('Background saving started');
  server.answers.startDump = (maySchedule) => (maySchedule ? 'scheduled' : 'other-running');
  expect(server.run('BGSAVE', 'schedule')).toBe('Background saving scheduled');
  expect(server.run('BGSAVE')).toEqual(
    new ReplyError(
      "ERR Another child process is active (AOF?): can't BGSAVE right now. Use BGSAVE SCHEDULE in order to schedule a BGSAVE whenever possible.",
    ),
  );
  server.answers.startDump = () => 'running';
  expect(server.run('BGSAVE')).toEqual(new ReplyError('ERR Background save already in progress'));
  expect(server.run('BGSAVE', 'later')).toEqual(new ReplyError('ERR syntax error'));
  expect(server.run('BGSAVE', 'schedule', 'now')).toEqual(new ReplyError('ERR syntax error'));
});

test('BGREWRITEAOF says what becomes of it', () => {
  expect(server.run('BGREWRITEAOF')).toBe('Background append only file rewriting started');
  server.answers.startBase = 'scheduled';
  expect(server.run('BGREWRITEAOF')).toBe('Background append only file rewriting scheduled');
  server.answers.startBase = 'running';
  expect(server.run('BGREWRITEAOF')).toEqual(
    new ReplyError('ERR Background append only file rewriting already in progress'),
  );
});

test('LASTSAVE answers in seconds', () => {
  expect(server.run('LASTSAVE')).toBe(1700000000);
});

test('SHUTDOWN passes its words on, and tells when the server goes on', async () => {
  server.answers.shutdown = false;
  const refused = new ReplyError('ERR Errors trying to SHUTDOWN. Check logs.');
  expect(await server.runLater('SHUTDOWN')).toEqual(refused);
  expect(await server.runLater('SHUTDOWN', 'SAVE', 'FORCE')).toEqual(refused);
  expect(server.events).toEqual([
    'defer',
    'shutdown {"isForced":false}',
    'defer',
    'shutdown {"dump":"save","isForced":true}',
  ]);
  server.answers.shutdown = true;
  expect(await server.runLater('SHUTDOWN')).toBe(undefined);
  server.answers.abortShutdown = true;
  expect(server.run('SHUTDOWN', 'ABORT')).toBe('OK');
});

test('DEBUG RELOAD and DEBUG LOADAOF answer when everything is loaded', async () => {
  const options = (text: string) => server.events.at(-1) === `reload ${text}`;
  expect(await server.runLater('DEBUG', 'RELOAD')).toBe('OK');
  expect(options('{"isSaved":true,"isFlushed":true,"isMerged":false}')).toBe(true);
  expect(await server.runLater('DEBUG', 'RELOAD', 'nosave', 'NOFLUSH', 'merge')).toBe('OK');
  expect(options('{"isSaved":false,"isFlushed":false,"isMerged":true}')).toBe(true);
  expect(server.run('DEBUG', 'RELOAD', 'softly')).toEqual(
    new ReplyError('ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.'),
  );
  server.answers.reload = 'not-saved';
  expect(await server.runLater('DEBUG', 'RELOAD')).toEqual(new ReplyError('ERR'));
  server.answers.reload = 'not-loaded';
  expect(await server.runLater('DEBUG', 'RELOAD')).toEqual(
    new ReplyError('ERR Error trying to load the RDB dump, check server logs.'),
  );
  expect(await server.runLater('DEBUG', 'LOADAOF')).toBe('OK');
  server.answers.reloadLog = false;
  expect(await server.runLater('DEBUG', 'LOADAOF')).toEqual(
    new ReplyError('ERR Error trying to load the AOF files, check server logs.'),
  );
});
