/** Certificates for tests, made with the openssl program in a directory of their own. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** A directory with an authority, `ca.crt`, and what it has signed. */
export class Certificates {
  readonly directory = mkdtempSync(path.join(tmpdir(), 'shardis-certificates-'));

  constructor() {
    this.run(
      'req',
      '-x509',
      '-nodes',
      '-days',
      '2',
      '-subj',
      '/CN=test authority',
      ...this.#newKey('ca'),
      ...['-out', 'ca.crt'],
    );
  }

  /** Makes `name.crt` and `name.key`, signed by the authority. */
  make(name: string): this {
    this.run('req', '-nodes', '-subj', `/CN=${name}`, ...this.#newKey(name), '-out', `${name}.csr`);
    this.run(
      ...['x509', '-req', '-days', '2', '-in', `${name}.csr`, '-out', `${name}.crt`],
      ...['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial'],
    );
    return this;
  }

  path(name: string): string {
    return path.join(this.directory, name);
  }

  read(name: string): string {
    return readFileSync(this.path(name), 'utf8');
  }

  /** Runs openssl in the directory. */
  run(...words: readonly string[]): void {
    execFileSync('openssl', words, { cwd: this.directory, stdio: 'pipe' });
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }

  #newKey(name: string): string[] {
    return ['-newkey', 'rsa:2048', '-keyout', `${name}.key`];
  }
}
