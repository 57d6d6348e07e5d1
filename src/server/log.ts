/** The log: pino, readable on a terminal and JSON elsewhere, with Redis's four levels. */
import { type DestinationStream, destination, pino } from 'pino';
import type { PrettyOptions } from 'pino-pretty';

const LEVELS = { debug: 10, verbose: 20, notice: 30, warning: 40 } as const;

export type LogLevel = keyof typeof LEVELS | 'nothing';

export interface Log {
  debug(message: string, fields?: object): void;
  verbose(message: string, fields?: object): void;
  notice(message: string, fields?: object): void;
  warning(message: string, fields?: object): void;
  setLevel(level: LogLevel): void;
}

/** A log to `file`, or to standard output when it is empty. Throws when the file cannot be written. */
export async function openLog(level: LogLevel, file: string): Promise<Log> {
  const stream = await openStream(file);
  const logger = pino<keyof typeof LEVELS>(
    {
      level: pinoLevel(level),
      customLevels: LEVELS,
      useOnlyCustomLevels: true,
      base: { pid: process.pid },
      formatters: { level: (label) => ({ level: label }) },
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
    },
    stream,
  );
  const at = (name: keyof typeof LEVELS) => (message: string, fields: object) =>
    logger[name](fields ?? {}, message);
  return {
    debug: at('debug'),
    verbose: at('verbose'),
    notice: at('notice'),
    warning: at('warning'),
    setLevel: (next) => {
      logger.level = pinoLevel(next);
    },
  } as Log;
}

/** A log that says nothing: what an embedded server has unless it is given another. */
export const silentLog: Log = {
  debug: () => {},
  verbose: () => {},
  notice: () => {},
  warning: () => {},
  setLevel: () => {},
};

function pinoLevel(level: LogLevel): string {
  return level === 'nothing' ? 'silent' : level;
}

async function openStream(file: string): Promise<DestinationStream> {
  if (file !== '') return destination({ dest: file, sync: true, append: true });
  if (!process.stdout.isTTY) return destination({ fd: 1, sync: true });
  // Only a terminal pays for loading the formatter.
  const { default: pretty } = await import('pino-pretty');
  const options: PrettyOptions = {
    colorize: true,
    sync: true,
    ignore: 'pid',
    translateTime: 'SYS:HH:MM:ss.l',
    customLevels: LEVELS,
    useOnlyCustomProps: true,
  };
  return pretty(options);
}
