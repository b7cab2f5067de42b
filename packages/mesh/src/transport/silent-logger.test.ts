import { expect, it } from 'vitest';
import { silentLogger } from './silent-logger.js';

it('takes all that libp2p may log, says that it is off, and has one logger for all parts', () => {
  const log = silentLogger.forComponent('libp2p');
  expect(log.enabled).toBe(false);
  for (const write of [log, log.error, log.trace]) expect(write('dialled %p', 'peer')).toBeUndefined();
  expect(log.newScope('connection')).toBe(log);
  expect(silentLogger.forComponent('libp2p:tcp')).toBe(log);
});
