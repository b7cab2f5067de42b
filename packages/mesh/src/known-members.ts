import { join } from 'node:path';
import { FORGET_AFTER_MS } from './core/limits.js';
import { parseHostPort } from './host-port.js';
import type { Mesh, MeshLog } from './mesh.js';
import { readIfThere, writeWhole } from './whole-file.js';

const FILE = 'known-members';

/** Addresses kept; one of them that answers is enough to find the others. */
export const KNOWN_MAX = 64;

/** A longer file was not written by us. */
const FILE_CHARS_MAX = 64 * 1024;

/** Changes are written at most this often, ms. */
const WRITE_EVERY_MS = 5_000;

/** While nobody else is alive, those known are visited this often, ms; each wait is longer than the one before. */
const VISIT_EVERY_MS = 5_000;
const VISIT_EVERY_MAX_MS = 60_000;
const VISITS_SLOW_BY = 1.5;

/** What the mesh tells. */
interface Followed extends Pick<Mesh, 'members' | 'onMemberChanged'> {
  onMemberForgotten(listener: (meshAddresses: readonly string[]) => void): () => void;
}

/**
 * Where members were, kept in `dataDir` as `host:port` lines, so that a member which starts while all of its seeds are
 * down, or that lost all others for so long that it forgot them, still finds the mesh. They are hints: who answers there
 * must hold the mesh key, as anybody.
 *
 * Who is forgotten is taken out, and so is who was never seen in an hour. While nobody else is alive nothing is: it is the
 * way back.
 */
export class KnownMembers {
  readonly #path: string;
  readonly #log: MeshLog;
  #addresses: readonly string[];
  /** Nobody was seen there yet: read from the file, or forgotten while nobody else was alive. They go at the next turn. */
  readonly #unseen: Set<string>;
  /** Forgotten since the file was written last. */
  readonly #gone = new Set<string>();
  #mesh: Followed | null = null;
  #visits: NodeJS.Timeout | null = null;
  #visitEveryMs = VISIT_EVERY_MS;
  #turns: NodeJS.Timeout | null = null;
  #write: NodeJS.Timeout | null = null;
  #saved: Promise<void> = Promise.resolve();
  #stopListening: () => void = () => {};

  private constructor(path: string, addresses: readonly string[], log: MeshLog) {
    this.#path = path;
    this.#addresses = addresses;
    this.#unseen = new Set(addresses);
    this.#log = log;
  }

  /** What cannot be read or understood is told and left out: seeds are enough. */
  static async load(dataDir: string, log: MeshLog): Promise<KnownMembers> {
    const path = join(dataDir, FILE);
    try {
      const text = (await readIfThere(path)) ?? '';
      const lines = text.length > FILE_CHARS_MAX ? [] : text.split('\n').filter((line) => line !== '');
      const addresses = lines.filter((line) => parseHostPort(line) !== null).slice(0, KNOWN_MAX);
      if (addresses.length < lines.length || text.length > FILE_CHARS_MAX)
        log.warn({ path, reason: 'it holds more than host:port lines' }, 'known members not all understood');
      return new KnownMembers(path, addresses, log);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      log.warn({ path, reason }, 'known members not read');
      return new KnownMembers(path, [], log);
    }
  }

  get addresses(): readonly string[] {
    return this.#addresses;
  }

  /** Visits those known while no other member is alive, and keeps note of who is, from now on until `close`. */
  follow(mesh: Followed, visit: (address: string) => void): void {
    this.#mesh = mesh;
    const stops = [
      mesh.onMemberChanged(() => this.#note()),
      mesh.onMemberForgotten((addresses) => this.#forget(addresses)),
    ];
    this.#stopListening = () => {
      for (const stop of stops) stop();
    };
    this.#turns = setInterval(() => this.#forget([...this.#unseen]), FORGET_AFTER_MS);
    const visitAll = (): void => {
      if (this.#alive().length > 0) this.#visitEveryMs = VISIT_EVERY_MS;
      else {
        for (const address of this.#addresses) visit(address);
        this.#visitEveryMs = Math.min(VISIT_EVERY_MAX_MS, this.#visitEveryMs * VISITS_SLOW_BY);
      }
      this.#visits = setTimeout(visitAll, this.#visitEveryMs);
    };
    visitAll();
  }

  async close(): Promise<void> {
    this.#stopListening();
    if (this.#visits) clearTimeout(this.#visits);
    if (this.#turns) clearInterval(this.#turns);
    if (this.#write !== null) {
      clearTimeout(this.#write);
      this.#save();
    }
    await this.#saved;
  }

  #note(): void {
    this.#write ??= setTimeout(() => this.#save(), WRITE_EVERY_MS);
  }

  #forget(addresses: readonly string[]): void {
    const alive = this.#alive();
    const gone = addresses.filter((address) => !alive.includes(address) && this.#addresses.includes(address));
    const into = alive.length > 0 ? this.#gone : this.#unseen;
    for (const address of gone) into.add(address);
    if (this.#gone.size > 0) this.#note();
  }

  /** Where each of those is that live. */
  #alive(): readonly string[] {
    return (this.#mesh?.members() ?? [])
      .filter(({ isSelf, liveness }) => !isSelf && liveness === 'alive')
      .flatMap(({ meshAddresses }) => meshAddresses.slice(0, 1));
  }

  /** Who is gone is still a hint, but makes room for who is there. */
  #save(): void {
    this.#write = null;
    const alive = this.#alive();
    const kept = this.#addresses.filter((address) => !this.#gone.has(address));
    for (const address of [...alive, ...this.#gone]) this.#unseen.delete(address);
    this.#gone.clear();
    const addresses = [...new Set([...alive, ...kept])].slice(0, KNOWN_MAX);
    if ([...addresses].sort().join() === [...this.#addresses].sort().join()) return;
    this.#addresses = addresses;
    // One after the other, also where a disk is slow.
    this.#saved = this.#saved
      .then(() => writeWhole(this.#path, `${addresses.join('\n')}\n`))
      .catch((error: Error) => {
        this.#log.warn({ path: this.#path, reason: error.message }, 'known members not written');
      });
  }
}
