import { createHmac, timingSafeEqual } from 'node:crypto';
import { sameHost } from '@headwater/directory';
import type { Action } from '../ask.js';
import type { RefusalReason } from '../verdict.js';
import type { Parameters } from './parameters.js';

/** What a signed URL allows. */
export interface SignedScope {
  readonly action: Action;
  /** As `scopedName` writes it, or the beginning of such names. */
  readonly name: string;
  readonly isPrefix: boolean;
  /** Unix time, s: the first second in which it does not count any more. */
  readonly expires: number;
  /** The one client address that it is for; empty: any. */
  readonly address: string;
}

/** Longest prefix and address in a query, characters. */
const PART_LENGTH_MAX = 1024;
const EXPIRES_FORM = /^[1-9]\d{0,11}$/;
const SIGNATURE_FORM = /^[0-9a-f]{64}$/;

/** The text that is signed. A format of its own: docs/auth.md is its source. */
function signedText({ action, name, isPrefix, expires, address }: SignedScope): string {
  return ['headwater', action, isPrefix ? 'prefix' : 'stream', name, expires, address].join('\n');
}

function signatureOf(scope: SignedScope, key: string): string {
  return createHmac('sha256', key).update(signedText(scope)).digest('hex');
}

/** The query of a signed URL. */
export function signedQuery(scope: SignedScope, key: string): string {
  return [
    `expires=${scope.expires}`,
    ...(scope.isPrefix ? [`prefix=${encodeURIComponent(scope.name)}`] : []),
    ...(scope.address === '' ? [] : [`address=${encodeURIComponent(scope.address)}`]),
    `signature=${signatureOf(scope, key)}`,
  ].join('&');
}

/** What a client's parameters are held against. */
export interface SignedAsk {
  readonly action: Action;
  /** As `scopedName` writes it. */
  readonly name: string;
  readonly ip: string;
  readonly nowS: number;
}

/**
 * Judges `expires`, `signature`, `prefix` and `address`. `none`: there is no signature. Every key is tried, and each
 * comparison takes the same time whatever was sent.
 */
export function checkSignedUrl(
  parameters: Parameters,
  { action, name, ip, nowS }: SignedAsk,
  keys: readonly string[],
): 'valid' | 'none' | RefusalReason {
  const signature = parameters.get('signature');
  if (signature.kind === 'none') return 'none';
  const expires = parameters.get('expires');
  const prefix = parameters.get('prefix');
  const address = parameters.get('address');
  if ([signature, expires, prefix, address].some(({ kind }) => kind === 'twice')) return 'token-twice';
  if (signature.kind !== 'one' || expires.kind !== 'one') return 'token-form';
  const prefixText = prefix.kind === 'one' ? prefix.value : '';
  const addressText = address.kind === 'one' ? address.value : '';
  if (
    !SIGNATURE_FORM.test(signature.value) ||
    !EXPIRES_FORM.test(expires.value) ||
    (prefix.kind === 'one' && !isPart(prefixText)) ||
    (address.kind === 'one' && !isPart(addressText))
  )
    return 'token-form';
  const scope: SignedScope = {
    action,
    name: prefix.kind === 'one' ? prefixText : name,
    isPrefix: prefix.kind === 'one',
    expires: Number(expires.value),
    address: addressText,
  };
  const given = Buffer.from(signature.value, 'hex');
  let isSigned = false;
  for (const key of keys) {
    if (timingSafeEqual(Buffer.from(signatureOf(scope, key), 'hex'), given)) isSigned = true;
  }
  if (!isSigned) return 'token-signature';
  if (nowS >= scope.expires) return 'token-expired';
  if (scope.isPrefix && !name.startsWith(scope.name)) return 'token-stream';
  if (scope.address !== '' && !sameHost(scope.address, ip)) return 'token-address';
  return 'valid';
}

/** Nothing that would begin a line of its own in the signed text. */
const isPart = (text: string): boolean => /^\P{Cc}+$/u.test(text) && text.length <= PART_LENGTH_MAX;
