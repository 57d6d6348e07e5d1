/** The bytes of a trace file, decompressed where its name ends with .gz or .xz. */
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import { pipeline, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';

/** What is wrong with a trace, or with its file, in one line. */
export class TraceError extends Error {}

/** Streams the file's contents. Throws TraceError where there is no such file, or where it cannot be decompressed. */
export async function* readFileBytes(file: string): AsyncGenerator<Uint8Array> {
  await checkReadable(file);
  if (/\.xz$/i.test(file)) yield* decompressXz(file);
  else if (/\.gz$/i.test(file)) yield* decompressGzip(file);
  else yield* fs.createReadStream(file, { highWaterMark: 1 << 18 });
}

/** The file's name without what says how it is compressed. */
export function plainName(file: string): string {
  return file.replace(/\.(xz|gz)$/i, '');
}

async function checkReadable(file: string): Promise<void> {
  try {
    if ((await fs.promises.stat(file)).isDirectory())
      throw new TraceError(`cannot read ${file}: Is a directory`);
    await fs.promises.access(file, fs.constants.R_OK);
  } catch (error) {
    if (error instanceof TraceError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    const reason =
      code === 'ENOENT' ? 'No such file or directory' : code === 'EACCES' ? 'Permission denied' : code;
    throw new TraceError(`cannot read ${file}: ${reason}`);
  }
}

async function* decompressGzip(file: string): AsyncGenerator<Uint8Array> {
  const gunzip = createGunzip();
  pipeline(fs.createReadStream(file), gunzip, () => {});
  try {
    yield* gunzip as AsyncIterable<Uint8Array>;
  } catch (error) {
    throw new TraceError(`${file} is damaged: ${(error as Error).message}`);
  }
}

/** By the `xz` program: Node has no decoder of its own. */
async function* decompressXz(file: string): AsyncGenerator<Uint8Array> {
  const xz = spawn('xz', ['-dc', '--', file], { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise<number | Error>((resolve) => {
    xz.once('error', resolve);
    xz.once('close', (code) => resolve(code ?? 1));
  });
  let complaint = '';
  xz.stderr.on('data', (text) => {
    complaint += String(text);
  });
  try {
    yield* xz.stdout as Readable as AsyncIterable<Uint8Array>;
    const end = await ended;
    if (end instanceof Error) {
      throw new TraceError(`cannot read ${file}: the xz program, which decompresses it, cannot be run`);
    }
    if (end !== 0)
      throw new TraceError(`${file} is damaged: ${complaint.split('\n')[0]!.replace(/^xz: /, '')}`);
  } finally {
    xz.kill();
  }
}
