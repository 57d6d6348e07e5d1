/** What is wrong with an RDB file or a DUMP payload. */
export class RdbError extends Error {
  /** `damaged`: it is not what was written. `unsupported`: a newer version, or the values of a module. */
  readonly code: 'damaged' | 'unsupported';
  /** Where, in bytes from the beginning of the file; inside a compressed string, where that begins. */
  readonly offset: number;
  /** What was being read. */
  readonly reading: string;

  constructor(offset: number, reading: string, problem: string, code: 'damaged' | 'unsupported' = 'damaged') {
    super(`RDB ${code} at byte ${offset}, reading ${reading}: ${problem}`);
    this.name = 'RdbError';
    this.code = code;
    this.offset = offset;
    this.reading = reading;
  }
}
