import { isIP } from 'node:net';
import { join } from 'node:path';
import { isHostAndPort } from '@headwater/directory';
import { FORGET_AFTER_MS } from './core/limits.js';
import { withDeadline } from './deadline.js';
import { formatHostPort, parseHostPort } from './host-port.js';
import { DATA_DIR_DEADLINE_MS } from './identity.js';
import type { MemberView, Mesh, MeshLog } from './mesh.js';
import { readIfThere, writeWhole } from './whole-file.js';

const FILE = 'known-members';

/** Addresses kept; one of them that answers is enough to find the others. */
export const KNOWN_MAX = 64;

/** A longer file was not written by us. */
const FILE_BYTES_MAX = 64 * 1024;

/** Changes are written at most this often, ms. */
const WRITE_EVERY_MS = 5_000;

/** After a failure, such as a full disk, it is tried again so much later, ms. */
const WRITE_AGAIN_MS = 60_000;

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
 * Who is forgotten is taken out, and so is who was not seen in an hour. While nobody else is alive nothing is: it is the
 * way back.
 */
export class KnownMembers {
  readonly #path: string;
  readonly #log: MeshLog;
  #addresses: readonly string[];
  /** Nobody that is known is there: read from the file, or forgotten. They go at the next turn. */
  readonly #unseen: Set<string>;
  /** Forgotten since the file was written last. */
  readonly #gone = new Set<string>();
  #mesh: Followed | null = null;
  #lastGood: (name: string) => readonly string[] = () => [];
  #visits: NodeJS.Timeout | null = null;
  #visitEveryMs = VISIT_EVERY_MS;
  #turns: NodeJS.Timeout | null = null;
  #write: NodeJS.Timeout | null = null;
  /** One at a time: on a disk that hangs each would take a thread of node's few for ever. */
  #saving: Promise<void> | null = null;
  #stopListening: () => void = () => {};
  #isClosed = false;

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
      const reading = readIfThere(path, FILE_BYTES_MAX);
      const text = (await withDeadline('the disk', DATA_DIR_DEADLINE_MS, reading)) ?? '';
      const lines = text.length > FILE_BYTES_MAX ? [] : text.split('\n').filter((line) => line !== '');
      const addresses = lines.filter(isAddress).slice(0, KNOWN_MAX);
      if (addresses.length < lines.length || text.length > FILE_BYTES_MAX)
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

  /**
   * Visits those known while no other member is alive, and keeps note of who is, from now on until `close`. `lastGood`: the
   * IP addresses of a name, which are kept beside it for a start while it cannot be resolved.
   */
  follow(
    mesh: Followed,
    visit: (address: string) => void,
    lastGood: (name: string) => readonly string[] = () => [],
  ): void {
    this.#mesh = mesh;
    this.#lastGood = lastGood;
    const stops = [
      mesh.onMemberChanged(() => this.#note()),
      mesh.onMemberForgotten((addresses) => this.#forget(this.#withNumeric([addresses]))),
    ];
    this.#stopListening = () => {
      for (const stop of stops) stop();
    };
    this.#turns = setInterval(() => this.#turn(), FORGET_AFTER_MS);
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
    this.#isClosed = true;
    this.#stopListening();
    if (this.#visits) clearTimeout(this.#visits);
    if (this.#turns) clearInterval(this.#turns);
    if (this.#write === null) return;
    clearTimeout(this.#write);
    this.#write = null;
    await this.#save();
  }

  #note(afterMs = WRITE_EVERY_MS): void {
    this.#write ??= setTimeout(() => {
      this.#write = null;
      if (this.#saving === null) void this.#save();
      else this.#note();
    }, afterMs);
  }

  #forget(addresses: readonly string[]): void {
    const alive = this.#alive();
    const gone = addresses.filter((address) => !alive.includes(address) && this.#addresses.includes(address));
    const into = alive.length > 0 ? this.#gone : this.#unseen;
    for (const address of gone) into.add(address);
    if (this.#gone.size > 0) this.#note();
  }

  /** Also what a name stood for once, where that is no member's any more. */
  #turn(): void {
    this.#forget([...this.#unseen]);
    const known = this.#withNumeric(this.#others().map(({ meshAddresses }) => meshAddresses));
    for (const address of this.#addresses) if (!known.includes(address)) this.#unseen.add(address);
  }

  #others(): readonly MemberView[] {
    return (this.#mesh?.members() ?? []).filter(({ isSelf }) => !isSelf);
  }

  /** Where each of those is that live. */
  #alive(): readonly string[] {
    const alive = this.#others().filter(({ liveness }) => liveness === 'alive');
    const told = alive.map(({ meshAddresses }) => meshAddresses);
    return [
      ...told.flatMap((addresses) => addresses.slice(0, 1)),
      ...told.flatMap((addresses) => this.#numeric(addresses)),
    ];
  }

  #withNumeric(told: readonly (readonly string[])[]): readonly string[] {
    return told.flatMap((addresses) => [...addresses, ...this.#numeric(addresses)]);
  }

  #save(): Promise<void> {
    const saving = this.#saveOnce().finally(() => {
      this.#saving = null;
    });
    this.#saving = saving;
    return saving;
  }

  /** Who is gone is still a hint, but makes room for who is there. Never rejects. */
  async #saveOnce(): Promise<void> {
    const alive = this.#alive();
    const gone = [...this.#gone];
    this.#gone.clear();
    const kept = this.#addresses.filter((address) => !gone.includes(address));
    for (const address of [...alive, ...gone]) this.#unseen.delete(address);
    const addresses = [...new Set([...alive, ...kept])].slice(0, KNOWN_MAX);
    if ([...addresses].sort().join() === [...this.#addresses].sort().join()) return;
    try {
      await writeWhole(this.#path, `${addresses.join('\n')}\n`);
      this.#addresses = addresses;
    } catch (error) {
      for (const address of gone) this.#gone.add(address);
      const reason = error instanceof Error ? error.message : String(error);
      this.#log.warn({ path: this.#path, reason }, 'known members not written');
      if (!this.#isClosed) this.#note(WRITE_AGAIN_MS);
    }
  }

  /** Where a member that is known by its name can be reached without DNS, as far as this was seen. */
  #numeric([told, ...others]: readonly string[]): readonly string[] {
    const target = told === undefined ? null : parseHostPort(told);
    if (target === null || isIP(target.host) !== 0) return [];
    const [host] = this.#lastGood(target.host);
    if (host !== undefined) return [formatHostPort({ host, port: target.port })];
    return others.filter((address) => isIP(parseHostPort(address)?.host ?? '') !== 0).slice(0, 1);
  }
}

/** What is dialled is checked as what others say: the file may have been written by anybody. */
const isAddress = (line: string): boolean => isHostAndPort(line) && parseHostPort(line) !== null;
