import { expect, it, vi } from 'vitest';
import { loadNms } from './load-nms.js';

it('keeps node-media-server off the console', () => {
  const logged = vi.spyOn(console, 'log').mockImplementation(() => {});
  const amf = loadNms('protocol/amf.js') as { decodeAmf0Cmd(bytes: Buffer): unknown };
  // It logs each command that it does not know.
  amf.decodeAmf0Cmd(Buffer.from('0200017805', 'hex'));
  expect(logged).not.toHaveBeenCalled();
  logged.mockRestore();
});
