import { readFileSync } from 'node:fs';

/** Where secrets come from; an argument, so that rules can be checked without a disk. */
export interface SecretSources {
  /** Throws where it cannot be read. */
  readFile(path: string): string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export const SYSTEM_SECRETS: SecretSources = {
  readFile: (path) => readFileSync(path, 'utf8'),
  env: process.env,
};

/** Longest secret, characters; a PEM of RSA 8192 has a quarter of it. */
const SECRET_LENGTH_MAX = 16_384;

/** References with what was read there: secrets. */
export type ReadSecrets = Readonly<Record<string, string>>;

/** A secret that stands elsewhere. */
export const isReference = (text: string): boolean => /^(file:\/.|env:\w)/.test(text);

/** What was read counts, whatever stands there by now; what was not is looked for. */
export function withRead(read: ReadSecrets, { readFile, env }: SecretSources): SecretSources {
  const known = Object.entries(read);
  const from = (prefix: string) =>
    Object.fromEntries(
      known.flatMap(([name, text]) => (name.startsWith(prefix) ? [[name.slice(prefix.length), text]] : [])),
    );
  const files = new Map(Object.entries(from('file:')));
  return { readFile: (path) => files.get(path) ?? readFile(path), env: { ...env, ...from('env:') } };
}

/** A secret could not be had; the message says which and holds nothing of it. */
export class SecretError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'SecretError';
  }
}

/** `file:/path` and `env:NAME` are read, anything else is the secret itself. Blanks around it do not count. */
export function readSecret(text: string, sources: SecretSources): string {
  const value = sourceOf(text, sources).trim();
  if (value === '') throw new SecretError(`${nameOf(text)} is empty`);
  if (value.length > SECRET_LENGTH_MAX) throw new SecretError(`${nameOf(text)} is too long for a key`);
  return value;
}

function sourceOf(text: string, { readFile, env }: SecretSources): string {
  if (text.startsWith('file:')) {
    try {
      return readFile(text.slice('file:'.length));
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
      throw new SecretError(`${text} cannot be read (${code})`);
    }
  }
  if (!text.startsWith('env:')) return text;
  const value = env[text.slice('env:'.length)];
  if (value === undefined) throw new SecretError(`the environment has no ${text.slice('env:'.length)}`);
  return value;
}

/** Where it stands, never what it says. */
const nameOf = (text: string): string => (/^(file|env):/.test(text) ? text : 'a key');
