/** What can go wrong with files of the data directory. */

/** The log cannot be written now. `code` is that of the system (`ENOSPC`, `EIO`, …). */
export class WalError extends Error {
  readonly code: string;

  constructor(doing: string, code: string, cause?: unknown) {
    super(`${doing}: ${describeCode(code)}`, { cause });
    this.code = code;
  }
}

/** A file does not hold what was synced to it. Nothing is read past it, and nothing is cut without being asked for. */
export class WalDamage extends Error {
  readonly file: string;
  /** In bytes, from the beginning of the file. */
  readonly offset: number;
  readonly reason: string;

  constructor(file: string, offset: number, reason: string) {
    super(`${file} is damaged at byte ${offset}: ${reason}`);
    this.file = file;
    this.offset = offset;
    this.reason = reason;
  }
}

/** The `code` of a system error; `EIO` for anything that has none. */
export function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' ? code : 'EIO';
}

function describeCode(code: string): string {
  if (code === 'ENOSPC') return 'no space left on device (ENOSPC)';
  if (code === 'EDQUOT') return 'disk quota exceeded (EDQUOT)';
  return code === 'EIO' ? 'input/output error (EIO)' : code;
}
