import { isDeepStrictEqual } from 'node:util';
import type { MemberProfile } from '@headwater/directory';
import type { MediaPorts } from '@headwater/media';
import type { Mesh } from '@headwater/mesh';
import type { OriginConfig } from './config/origin-config.js';
import { profileOf } from './profile.js';

/** What this member tells all others of itself, told anew with each change. */
export class OwnProfile {
  readonly #config: () => OriginConfig;
  /** What never changes. */
  readonly #fixed: Partial<MemberProfile>;
  #mesh: Pick<Mesh, 'directory' | 'setProfile'> | null = null;
  #meshHosts: readonly string[] = ['127.0.0.1'];
  #ports: MediaPorts;
  #isDraining = false;
  #isFull = false;

  /** `config` is the one in force; `ports` are those that will be asked for. */
  constructor(config: () => OriginConfig, ports: MediaPorts, fixed: Partial<MemberProfile>) {
    this.#config = config;
    this.#ports = ports;
    this.#fixed = fixed;
  }

  /** As it is before there is a mesh to tell it to, which has found that others reach it at these hosts. */
  reachedAt(meshHosts: readonly string[]): MemberProfile {
    this.#meshHosts = meshHosts;
    return this.#now();
  }

  /** From now on changes are told there. */
  join(mesh: Pick<Mesh, 'directory' | 'setProfile'>): void {
    this.#mesh = mesh;
  }

  get isDraining(): boolean {
    return this.#isDraining;
  }

  get isFull(): boolean {
    return this.#isFull;
  }

  setDraining(isDraining: boolean): void {
    this.#isDraining = isDraining;
    this.#tell();
  }

  setFull(isFull: boolean): void {
    this.#isFull = isFull;
    this.#tell();
  }

  /** The ports that were really had. */
  listensAt(ports: MediaPorts): void {
    this.#ports = ports;
    this.tellChanges();
  }

  /** Tells it where it is not what was told last: the configuration may have changed, or have changed nothing of it. */
  tellChanges(): void {
    if (!isDeepStrictEqual(this.#mesh?.directory.profile, this.#now())) this.#tell();
  }

  #tell(): void {
    this.#mesh?.setProfile(this.#now());
  }

  #now(): MemberProfile {
    return {
      ...profileOf(this.#config(), this.#meshHosts, this.#ports),
      ...this.#fixed,
      draining: this.#isDraining,
      ...(this.#isFull && { full: true }),
    };
  }
}
