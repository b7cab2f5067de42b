import { X509Certificate } from 'node:crypto';
import { expect, it } from 'vitest';
import { readCertificate } from './certificate.js';
import { keyHashOf, makeRelayIdentity } from './relay-identity.js';

it('is a pair that TLS takes, another each time, with the hash of its own key', async () => {
  const [one, two] = await Promise.all([makeRelayIdentity(Date.now()), makeRelayIdentity(Date.now())]);
  expect(() => readCertificate(one.pem)).not.toThrow();
  expect(one.keyHash).toEqual(keyHashOf(new X509Certificate(one.pem.cert)));
  expect(one.keyHash).toMatch(/^[0-9a-f]{64}$/);
  expect(one.keyHash).not.toEqual(two.keyHash);
});
