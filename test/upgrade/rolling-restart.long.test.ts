import { describe, it } from 'vitest';
import { expectUnnoticed } from './rolling.js';

describe('a mesh of five under load, restarted one member after the other', () => {
  it('by headwater drain --wait', () => expectUnnoticed({ rollings: 1, rolling: { by: 'drain' } }));

  it('by SIGTERM, 10 s apart, as by somebody who does not know what a drain is', () =>
    expectUnnoticed({ rollings: 1, rolling: { by: 'sigterm', apartMs: 10_000 } }));
});
