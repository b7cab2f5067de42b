import { createHash, timingSafeEqual } from 'node:crypto';
import { DEFAULT_VHOST, type StreamName } from '@headwater/directory';
import type { RefusalReason } from '../verdict.js';
import type { Parameters } from './parameters.js';

const SIGN_FORM = /^([1-9]\d{0,11})-([0-9a-f]{32})$/;

/**
 * node-media-server's `sign=EXP-MD5`, where MD5 is that of `/app/stream-EXP-SECRET` and EXP is Unix time in seconds. It
 * knows no vhosts, so it counts on the default one alone; and it is for publish and play alike.
 */
export function checkNmsSign(
  parameters: Parameters,
  { vhost, app, stream }: StreamName,
  nowS: number,
  secrets: readonly string[],
): 'valid' | 'none' | RefusalReason {
  const sign = parameters.get('sign');
  if (sign.kind !== 'one') return sign.kind === 'none' ? 'none' : 'token-twice';
  const [, expires, md5] = SIGN_FORM.exec(sign.value) ?? [];
  if (expires === undefined || md5 === undefined) return 'token-form';
  const given = Buffer.from(md5, 'hex');
  let isSigned = false;
  for (const secret of secrets) {
    const own = createHash('md5').update(`/${app}/${stream}-${expires}-${secret}`).digest();
    if (timingSafeEqual(own, given)) isSigned = true;
  }
  if (!isSigned || vhost !== DEFAULT_VHOST) return 'token-signature';
  return nowS >= Number(expires) ? 'token-expired' : 'valid';
}
