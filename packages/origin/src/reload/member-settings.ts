import { type Guard, listsWithOtherSecrets, type ReadSecrets } from '@headwater/guard';
import type { TrustedProxies } from '@headwater/media';
import { checkCertificates } from '@headwater/media/certificates';
import type { Mesh } from '@headwater/mesh';
import type { OpenApis } from '../api/open-apis.js';
import type { OriginConfig } from '../config/origin-config.js';
import { HeadwaterError } from '../errors.js';
import { checkRules, guardConfig } from '../guard-config.js';
import { mediaSettings } from '../media-settings.js';
import type { OwnProfile } from '../own-profile.js';
import type { MediaPlane } from '../plane/media-plane.js';

/** What of a running member has a configuration of its own. */
export interface ConfiguredParts {
  readonly mesh: Pick<Mesh, 'id' | 'configure'>;
  readonly media: Pick<MediaPlane, 'configure'>;
  /** Null: its workers have one each. */
  readonly guard: Pick<Guard, 'configure'> | null;
  readonly proxies: TrustedProxies;
  readonly profile: Pick<OwnProfile, 'tellChanges'>;
  /** Null: they are not open yet. */
  readonly apis: () => Pick<OpenApis, 'replaceCertificates'> | null;
}

/** The configuration in force, and what the files and variables that it names held when they were read last. */
export class MemberSettings {
  #config: OriginConfig;
  #secrets: ReadSecrets;

  /** @throws HeadwaterError where a rule, or what it reads, cannot be used. */
  constructor(config: OriginConfig) {
    this.#config = config;
    this.#secrets = checkRules(config);
  }

  get config(): OriginConfig {
    return this.#config;
  }

  get secrets(): ReadSecrets {
    return this.#secrets;
  }

  /**
   * Puts another configuration in force in all parts. Resolves to the lists of rules whose files or variables hold something
   * else. Rejects with `HeadwaterError` or `CertificateError` where it cannot be used; then the one before is in force.
   */
  async apply(next: OriginConfig, parts: ConfiguredParts): Promise<readonly string[]> {
    const { mesh, media, guard, proxies, profile, apis } = parts;
    const { key, seeds } = next.mesh;
    const secrets = checkRules(next);
    const { errors } = await checkCertificates(next.tls.certificates, Date.now());
    if (errors.length > 0)
      throw new HeadwaterError('CERTIFICATE_UNUSABLE', errors.join('; '), { details: errors });
    // It throws where it cannot take these, and changes nothing then; what comes after was looked at above.
    mesh.configure({ seeds, order: next.play.order, ...(key !== undefined && { key }) });
    await apis()?.replaceCertificates(next.tls.certificates);
    const rules = guardConfig(next, mesh.id, secrets);
    guard?.configure(rules);
    await media.configure(mediaSettings(next), next, secrets);
    proxies.replace(next.trustedProxies);
    const others = listsWithOtherSecrets(rules, this.#secrets, secrets);
    this.#config = next;
    this.#secrets = secrets;
    profile.tellChanges();
    return others;
  }
}
